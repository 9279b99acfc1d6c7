/**
 * The Noise handshake XX (revision 34 of the framework) over X25519, ChaCha20-Poly1305 and SHA-256, with pre-shared keys
 * where they are given. Sans-IO: messages go in and come out, nothing waits. What is wrong with a message is
 * not said: it is `undefined`, and the handshake is dead from then on.
 */

import { assert, concatBytes } from '@shoal/base'
import type { CipherState } from './cipher-state.ts'
import { NOISE_KEY_BYTES, type NoiseEngine, type NoiseKeyPair } from './engine.ts'
import { SymmetricState } from './symmetric-state.ts'

/** Noise section 3. */
export const NOISE_MESSAGE_BYTES_MAX = 65_535

export type NoiseRole = 'initiator' | 'responder'

/** Mixed in before the first message (0) or at the end of that message (1 to 3): Noise section 9. */
export interface PreSharedKey {
  readonly position: 0 | 1 | 2 | 3
  /** 32 bytes. */
  readonly key: Uint8Array
}

export interface NoiseHandshakeInit {
  readonly engine: NoiseEngine
  readonly role: NoiseRole
  /** What both sides must know and agree on, and is not sent. */
  readonly prologue: Uint8Array
  readonly staticKey: NoiseKeyPair
  readonly preSharedKeys?: readonly PreSharedKey[]
  /** For known answers only; otherwise fresh. */
  readonly ephemeralKey?: NoiseKeyPair
}

/** A finished handshake. */
export interface NoiseSession {
  readonly sending: CipherState
  readonly receiving: CipherState
  /** Differs wherever anything in the two sides' handshakes did: what authenticates it authenticates the channel. */
  readonly handshakeHash: Uint8Array
}

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'psk'

const XX: readonly (readonly Token[])[] = [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']]

export class NoiseHandshake {
  readonly #engine: NoiseEngine
  readonly #role: NoiseRole
  readonly #static: NoiseKeyPair
  readonly #messages: readonly (readonly Token[])[]
  /** In the order of their tokens. */
  readonly #preSharedKeys: readonly PreSharedKey[]
  readonly #symmetric: SymmetricState
  #ephemeral: NoiseKeyPair | undefined
  #theirStatic: Uint8Array | undefined
  #theirEphemeral: Uint8Array | undefined
  #at = 0
  #keysMixed = 0
  #isDead = false

  constructor(init: NoiseHandshakeInit) {
    const keys = [...(init.preSharedKeys ?? [])].sort((a, b) => a.position - b.position)
    this.#engine = init.engine
    this.#role = init.role
    this.#static = init.staticKey
    this.#ephemeral = init.ephemeralKey
    this.#preSharedKeys = keys
    this.#messages = XX.map((tokens, i) => withPreSharedKeys(tokens, i, keys))
    const modifiers = keys.map(({ position }) => `psk${position}`).join('+')
    this.#symmetric = new SymmetricState(init.engine, `Noise_XX${modifiers}_25519_ChaChaPoly_SHA256`)
    this.#symmetric.mixHash(init.prologue)
  }

  /** Our next message. It must be our turn. */
  write(payload: Uint8Array): Uint8Array | undefined {
    const tokens = this.#take('write')
    const parts: Uint8Array[] = []
    for (const token of tokens) {
      if (token === 'e') parts.push(this.#writeEphemeral())
      else if (token === 's') parts.push(this.#symmetric.sealAndHash(this.#static.publicKey))
      else if (!this.#mix(token)) return this.#die()
    }
    parts.push(this.#symmetric.sealAndHash(payload))
    const message = concatBytes(...parts)
    assert(message.length <= NOISE_MESSAGE_BYTES_MAX, 'a Noise message is too long')
    return message
  }

  /** The payload of their next message. It must be their turn. */
  read(message: Uint8Array): Uint8Array | undefined {
    const tokens = this.#take('read')
    if (this.#isDead || message.length > NOISE_MESSAGE_BYTES_MAX) return this.#die()
    let at = 0
    for (const token of tokens) {
      if (token === 'e' || token === 's') {
        const length = NOISE_KEY_BYTES + (token === 's' ? this.#symmetric.overhead : 0)
        const field = message.subarray(at, at + length)
        at += length
        if (field.length < length || !this.#readKey(token, field)) return this.#die()
      } else if (!this.#mix(token)) return this.#die()
    }
    const payload = this.#symmetric.openAndHash(message.subarray(at))
    return payload ?? this.#die()
  }

  /** Once the third message has gone its way. */
  finish(): NoiseSession {
    assert(this.#at === this.#messages.length && !this.#isDead, 'the handshake is not through')
    const [first, second] = this.#symmetric.split()
    const [sending, receiving] = this.#role === 'initiator' ? [first, second] : [second, first]
    return { sending, receiving, handshakeHash: this.#symmetric.hash }
  }

  #take(what: 'write' | 'read'): readonly Token[] {
    const isOurTurn = (this.#at % 2 === 0) === (this.#role === 'initiator')
    assert(isOurTurn === (what === 'write'), `it is not our turn to ${what}`)
    const tokens = this.#messages[this.#at++]
    assert(tokens !== undefined, 'the handshake is through')
    return tokens
  }

  #die(): undefined {
    this.#isDead = true
    return undefined
  }

  #writeEphemeral(): Uint8Array {
    this.#ephemeral ??= this.#engine.keyPair()
    this.#mixEphemeral(this.#ephemeral.publicKey)
    return this.#ephemeral.publicKey
  }

  #readKey(token: 'e' | 's', field: Uint8Array): boolean {
    // A copy: the message may be part of a buffer that is used again.
    if (token === 'e') {
      this.#theirEphemeral = field.slice()
      this.#mixEphemeral(this.#theirEphemeral)
      return true
    }
    this.#theirStatic = this.#symmetric.openAndHash(field)
    return this.#theirStatic !== undefined
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey)
    // Section 9.2: with pre-shared keys every message is sealed, the first too, and never twice with one key.
    if (this.#preSharedKeys.length > 0) this.#symmetric.mixKey(publicKey)
  }

  /** The first letter is the initiator's key, the second the responder's. */
  #mix(token: Exclude<Token, 'e' | 's'>): boolean {
    if (token === 'psk') {
      this.#symmetric.mixKeyAndHash((this.#preSharedKeys[this.#keysMixed++] as PreSharedKey).key)
      return true
    }
    const [ours, theirs] = this.#role === 'initiator' ? [token[0], token[1]] : [token[1], token[0]]
    const pair = ours === 'e' ? this.#ephemeral : this.#static
    const publicKey = theirs === 'e' ? this.#theirEphemeral : this.#theirStatic
    assert(pair !== undefined && publicKey !== undefined, 'a key is not known yet')
    const secret = this.#engine.sharedSecret(pair.secret, publicKey)
    if (secret === undefined) return false
    this.#symmetric.mixKey(secret)
    return true
  }
}

function withPreSharedKeys(tokens: readonly Token[], message: number, keys: readonly PreSharedKey[]): readonly Token[] {
  const before: Token[] = message === 0 && keys.some(({ position }) => position === 0) ? ['psk'] : []
  const after: Token[] = keys.some(({ position }) => position === message + 1) ? ['psk'] : []
  return [...before, ...tokens, ...after]
}
