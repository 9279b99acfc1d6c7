/**
 * Topics, and how they are written. A plain topic is an opaque name. Texts that begin with `shoal:` are reserved for topics
 * with an owner or a secret, and for invites: they are parsed or refused here, so that a secret never goes out as a name.
 */

import { UsageError, utf8Length } from '@shoal/base'
import { isTopicName, OWNED_PREFIX, type OwnedTopic, ownedTopic, parseOwner, TOPIC_BYTES_MAX } from './owned-topic.ts'
import { isTopicSecret, PRIVATE_PREFIX, type PrivateTopic, privateTopic } from './private-topic.ts'

export interface PlainTopic {
  readonly kind: 'plain'
  readonly name: string
  /** What is said on the wire, and what bound records name: of a plain topic the name itself. */
  readonly publicId: string
}

/** Whatever the kind: `publicId` stands for it on the wire, in stores and in what people are shown. */
export type Topic = PlainTopic | OwnedTopic | PrivateTopic

export interface RefusedTopic {
  readonly kind: 'refused'
  /** One sentence for whoever gave the text; it never repeats the text, which may hold a secret. */
  readonly reason: string
}

// Blanks and capitals too: ` shoal:private:…`, pasted carelessly, must not be announced as a name.
const RESERVED = /^\s*shoal\s*:/i

export const INVITE_PREFIX = 'shoal:invite:'

/** An invite, whatever may be wrong with it: such a text is no topic. */
export function looksLikeInvite(text: string): boolean {
  return /^\s*shoal\s*:\s*invite\b/i.test(text)
}

export function parseTopic(text: unknown): Topic | RefusedTopic {
  if (typeof text !== 'string') return refused('the topic must be a text')
  if (text === '') return refused('the topic is empty: give the name that servers and clients share')
  if (RESERVED.test(text)) return parseReserved(text)
  const length = utf8Length(text)
  if (length === undefined) return refused('the topic is not well-formed Unicode (it holds half of a surrogate pair)')
  if (length > TOPIC_BYTES_MAX) {
    return refused(`the topic has ${length} bytes: choose one of at most ${TOPIC_BYTES_MAX}`)
  }
  return { kind: 'plain', name: text, publicId: text }
}

/** As `parseTopic` takes it; of a private topic with its secret. */
export function topicText(topic: Topic): string {
  return topic.kind === 'private' ? topic.reveal() : topic.publicId
}

/** For the edge where a person gives the topic. Throws UsageError with the sentence. */
export function requireTopic(text: unknown): Topic {
  const topic = parseTopic(text)
  if (topic.kind === 'refused') throw new UsageError(topic.reason)
  return topic
}

function parseReserved(text: string): Topic | RefusedTopic {
  if (text.startsWith(OWNED_PREFIX)) return parseOwned(text.slice(OWNED_PREFIX.length))
  if (text.startsWith(PRIVATE_PREFIX)) return parsePrivate(text.slice(PRIVATE_PREFIX.length))
  if (looksLikeInvite(text))
    return refused('this is an invite, not a topic: give it as the option invite, or with --invite')
  return refused('topics that begin with "shoal:" are reserved, and this is none that is known: choose another name')
}

function parseOwned(rest: string): Topic | RefusedTopic {
  const owner = parseOwner(rest.slice(0, rest.indexOf(':')))
  const name = rest.slice(rest.indexOf(':') + 1)
  if (owner === undefined) {
    return refused(
      'a topic with an owner is written shoal:owned:KEY:NAME, KEY being 64 hex digits in small letters: copy it as "shoal topic new" has told',
    )
  }
  // A secret that slipped behind the key would go out as a name.
  if (RESERVED.test(name) || !isTopicName(name)) {
    return refused('the name of this topic with an owner is empty, too long, reserved or not well-formed Unicode')
  }
  return ownedTopic(name, owner)
}

function parsePrivate(secret: string): Topic | RefusedTopic {
  if (isTopicSecret(secret)) return privateTopic(secret)
  return refused(
    'a private topic is written shoal:private:SECRET, SECRET being 22 to 128 letters, digits, - and _ that nobody can guess: make one with "shoal topic new --private"',
  )
}

function refused(reason: string): RefusedTopic {
  return { kind: 'refused', reason }
}
