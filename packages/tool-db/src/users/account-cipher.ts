/**
 * Accounts sealed with a password, as @tool-db/ecdsa-user does: PBKDF2 with SHA-256, 100,000 rounds and one salt for
 * everybody, then AES-128-GCM. That is weaker than one would choose today, and is what their users can open.
 */

import { fromHex, toHex, utf8, utf8Text } from '@shoal/base'
import { type CryptoKey, getCrypto } from './native-keys.ts'

const SALT = utf8('t6sa@8d7!2ñs?=adjq2ng')
const ROUNDS = 100_000
export const IV_BYTES = 12

/** Hex of the sealed text and its tag. */
export async function sealText(text: string, password: string, iv: Uint8Array): Promise<string> {
  const key = await passwordKey(password)
  return toHex(
    new Uint8Array(await getCrypto().subtle.encrypt({ name: 'AES-GCM', iv: bytes(iv) }, key, bytes(utf8(text)))),
  )
}

/** `undefined` where the password is wrong or the text was changed: the tag tells no more than that. */
export async function openText(sealed: string, password: string, iv: Uint8Array): Promise<string | undefined> {
  const data = fromHex(sealed)
  if (data === undefined) return undefined
  const key = await passwordKey(password)
  try {
    return utf8Text(
      new Uint8Array(await getCrypto().subtle.decrypt({ name: 'AES-GCM', iv: bytes(iv) }, key, bytes(data))),
    )
  } catch {
    return undefined
  }
}

/** For AES-GCM (128 bits); it can't be exported. */
export async function passwordKey(password: string): Promise<CryptoKey> {
  const { subtle } = getCrypto()
  const material = await subtle.importKey('raw', bytes(utf8(password)), 'PBKDF2', false, ['deriveKey'])
  const derivation = { name: 'PBKDF2', hash: 'SHA-256', salt: bytes(SALT), iterations: ROUNDS }
  return subtle.deriveKey(derivation, material, { name: 'AES-GCM', length: 128 }, false, ['encrypt', 'decrypt'])
}

/** WebCrypto's types want bytes of an ordinary buffer; ours may be of any. */
function bytes(of: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(of)
}
