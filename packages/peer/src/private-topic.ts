/**
 * A topic with a secret. Everything that others see is derived from it, one way: the tag that is the topic's public id, the
 * key of the handshake, and the info hashes, another one each day. The secret itself goes nowhere.
 */

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { type RandomSource, toHex, UsageError, utf8 } from '@shoal/base'

export const PRIVATE_PREFIX = 'shoal:private:'
/**
 * No plain topic can be called so, and it is no text that a topic is given by: what was signed for the one never
 * counts for the other.
 */
const TAG_PREFIX = 'shoal:tag:'

/** 128 random bits take 22 characters of base64url. Shorter ones are passwords: whoever sees one info hash could try them all. */
const SECRET = /^[A-Za-z0-9_-]{22,128}$/
/** Of 22 random characters fewer are different once in 10^15. */
const DIFFERENT_MIN = 8
const SECRET_BYTES = 32

export class PrivateTopic {
  readonly kind = 'private'
  readonly publicId: string
  readonly #secret: string

  constructor(secret: string) {
    this.#secret = secret
    this.publicId = `${TAG_PREFIX}${toHex(this.derive('public id'))}`
  }

  /** 32 bytes for one purpose; what is derived for one says nothing about the others. */
  derive(purpose: string): Uint8Array {
    return hmac(sha256, utf8(this.#secret), utf8(`shoal private topic 1: ${purpose}`))
  }

  /** The topic as it is given to people: the secret is in it. */
  reveal(): string {
    return `${PRIVATE_PREFIX}${this.#secret}`
  }
}

/** Throws UsageError for a secret that could be guessed; the sentence does not repeat it. */
export function privateTopic(secret: string): PrivateTopic {
  if (typeof secret !== 'string' || !isTopicSecret(secret)) {
    throw new UsageError(
      'the secret of a private topic has 22 to 128 letters, digits, - and _ that nobody can guess: let newPrivateTopic make one',
    )
  }
  return new PrivateTopic(secret)
}

export function newPrivateTopic(random: RandomSource): PrivateTopic {
  return new PrivateTopic(toHex(random.bytes(SECRET_BYTES)))
}

export function isTopicSecret(text: string): boolean {
  return SECRET.test(text) && new Set(text).size >= DIFFERENT_MIN
}
