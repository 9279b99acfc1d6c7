/**
 * A topic with an owner: a name, and the Ed25519 key whose certificates its servers carry. Nothing about it is secret, so
 * its text is its public id.
 */

import { fromHex, toHex, UsageError, utf8Length } from '@shoal/base'

/** Of every topic as text. */
export const TOPIC_BYTES_MAX = 256
export const OWNED_PREFIX = 'shoal:owned:'
export const OWNER_KEY_BYTES = 32
const NAME_BYTES_MAX = TOPIC_BYTES_MAX - OWNED_PREFIX.length - 2 * OWNER_KEY_BYTES - 1

export interface OwnedTopic {
  readonly kind: 'owned'
  readonly name: string
  /** The owner's public key: 64 hex digits. */
  readonly owner: string
  readonly publicId: string
}

/** `owner` is an Ed25519 public key, as 32 bytes or 64 hex digits. Throws UsageError for what can be no topic. */
export function ownedTopic(name: string, owner: Uint8Array | string): OwnedTopic {
  const key = typeof owner === 'string' ? parseOwner(owner.toLowerCase()) : owner
  if (!(key instanceof Uint8Array) || key.length !== OWNER_KEY_BYTES) {
    throw new UsageError('the owner of a topic is an Ed25519 public key: give its 32 bytes or 64 hex digits')
  }
  if (typeof name !== 'string' || !isTopicName(name)) {
    throw new UsageError(`a topic with an owner has a name of 1 to ${NAME_BYTES_MAX} bytes of well-formed Unicode`)
  }
  const hex = toHex(key)
  return { kind: 'owned', name, owner: hex, publicId: `${OWNED_PREFIX}${hex}:${name}` }
}

export function isTopicName(name: string): boolean {
  const length = utf8Length(name)
  return length !== undefined && length >= 1 && length <= NAME_BYTES_MAX
}

/** One key has one spelling, or one swarm would be two topics. */
export function parseOwner(text: string): Uint8Array | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? fromHex(text) : undefined
}
