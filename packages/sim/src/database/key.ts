/**
 * Keys of simulated people and peers: Ed25519, which signs deterministically (RFC 8032), by the platform's own code. The node asks for
 * signatures as effects and never looks into them, so which curve it is changes nothing but the time that a seed takes.
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'

/** PKCS#8 and SPKI frames of a raw key (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const ADDRESS = /^[A-Za-z0-9_-]{43}$/

export class SimKey {
  /** The public key, base64url. */
  readonly address: string
  readonly #private: KeyObject

  private constructor(name: string) {
    const seed = createHash('sha256').update(`simulated key ${name}`).digest()
    this.#private = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(this.#private).export({ format: 'der', type: 'spki' })
    this.address = spki.subarray(SPKI_PREFIX.length).toString('base64url')
  }

  /** Always the same for one name, in every world. */
  static named(name: string): SimKey {
    const held = KEYS.get(name)
    if (held !== undefined) return held
    const key = new SimKey(name)
    KEYS.set(name, key)
    return key
  }

  sign(text: string): string {
    return sign(null, Buffer.from(text), this.#private).toString('base64url')
  }
}

/** BOUNDED: by the names that scenarios give. */
const KEYS = new Map<string, SimKey>()
/** BOUNDED: by the keys that sign something. */
const PUBLIC_KEYS = new Map<string, KeyObject>()

/** One record is verified by every node that it comes to, with one outcome. BOUNDED: VERIFIED_MAX, then all out. */
const VERIFIED = new Map<string, boolean>()
const VERIFIED_MAX = 4_096

export function isSimAddress(text: string): boolean {
  return ADDRESS.test(text)
}

export function verifySignature(text: string, address: string, signature: string): boolean {
  const name = `${address} ${signature} ${text}`
  const known = VERIFIED.get(name)
  if (known !== undefined) return known
  if (VERIFIED.size >= VERIFIED_MAX) VERIFIED.clear()
  const isGood = isVerified(text, address, signature)
  VERIFIED.set(name, isGood)
  return isGood
}

function isVerified(text: string, address: string, signature: string): boolean {
  if (!isSimAddress(address)) return false
  try {
    return verify(null, Buffer.from(text), publicKey(address), Buffer.from(signature, 'base64url'))
  } catch {
    return false
  }
}

function publicKey(address: string): KeyObject {
  const held = PUBLIC_KEYS.get(address)
  if (held !== undefined) return held
  const spki = Buffer.concat([SPKI_PREFIX, Buffer.from(address, 'base64url')])
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  PUBLIC_KEYS.set(address, key)
  return key
}
