/**
 * Topics as text. A plain topic is an opaque name. Texts that begin with `shoal:` are reserved for topics with an
 * owner or a secret, and for invites: they are parsed or refused here, so that a secret never goes out as a name.
 */

import { UsageError, utf8Length } from '@shoal/base'

export const TOPIC_BYTES_MAX = 256

export interface PlainTopic {
  readonly kind: 'plain'
  readonly name: string
  /** What is said on the wire, and what bound records name: of a plain topic the name itself. */
  readonly publicId: string
}

export type Topic = PlainTopic

export interface RefusedTopic {
  readonly kind: 'refused'
  /** One sentence for whoever gave the text; it never repeats the text, which may hold a secret. */
  readonly reason: string
}

// Blanks and capitals too: ` shoal:private:…`, pasted carelessly, must not be announced as a name.
const RESERVED = /^\s*shoal\s*:/i

export function parseTopic(text: unknown): Topic | RefusedTopic {
  if (typeof text !== 'string') return refused('the topic must be a text')
  if (text === '') return refused('the topic is empty: give the name that servers and clients share')
  if (RESERVED.test(text)) return refused(reservedReason(text))
  const length = utf8Length(text)
  if (length === undefined) return refused('the topic is not well-formed Unicode (it holds half of a surrogate pair)')
  if (length > TOPIC_BYTES_MAX) {
    return refused(`the topic has ${length} bytes: choose one of at most ${TOPIC_BYTES_MAX}`)
  }
  return { kind: 'plain', name: text, publicId: text }
}

/** For the edge where a person gives the topic. Throws UsageError with the sentence. */
export function requireTopic(text: unknown): Topic {
  const topic = parseTopic(text)
  if (topic.kind === 'refused') throw new UsageError(topic.reason)
  return topic
}

function reservedReason(text: string): string {
  if (text.startsWith('shoal:owned:')) return 'topics with an owner (shoal:owned:…) are not supported by this version'
  if (text.startsWith('shoal:private:')) return 'private topics (shoal:private:…) are not supported by this version'
  return 'topics that begin with "shoal:" are reserved, and this is none that is known: choose another name'
}

function refused(reason: string): RefusedTopic {
  return { kind: 'refused', reason }
}
