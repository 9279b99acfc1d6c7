/**
 * A roster with the owner's signature, as the DHT holds it (BEP 44) and as peers hand it on: whoever has the topic can check
 * it, and the one with the higher sequence number counts, whoever it came from.
 */

import { concatBytes, fromHex, toHex, utf8 } from '@shoal/base'
import { fromBase64Url, toBase64Url } from './base64url.ts'
import { ED25519_SIGNATURE_BYTES, type VerifyEd25519 } from './ed25519.ts'
import type { OwnedTopic } from './owned-topic.ts'
import { isFields, type Parsed, parsed, rejected } from './parsed.ts'
import { parseRoster, ROSTER_BYTES_MAX, rosterSalt, type TopicRoster } from './topic-roster.ts'

/** Not checked yet, wherever it is from. */
export interface RosterItem {
  /** 1 or more. */
  readonly seq: number
  /** The roster, encoded. */
  readonly value: Uint8Array
  /** The owner's signature: 64 bytes. */
  readonly signature: Uint8Array
}

/** Its signature holds. */
export interface SignedRoster extends RosterItem {
  readonly roster: TopicRoster
}

/** As JSON: in messages and in files. */
export interface RosterText {
  readonly seq: number
  /** Base64url. */
  readonly value: string
  /** Hex. */
  readonly sig: string
}

const VALUE_LENGTH_MAX = Math.ceil((ROSTER_BYTES_MAX * 8) / 6)

/** What the owner signs (BEP 44): salt, sequence number and value, each bencoded. */
export function rosterMessage(topic: OwnedTopic, { seq, value }: Omit<RosterItem, 'signature'>): Uint8Array {
  const salt = rosterSalt(topic)
  return concatBytes(utf8(`4:salt${salt.length}:`), salt, utf8(`3:seqi${seq}e1:v${value.length}:`), value)
}

/** Whose roster it is, and what it says. */
export function openRoster(topic: OwnedTopic, item: RosterItem, verify: VerifyEd25519): Parsed<SignedRoster> {
  const roster = parseRoster(item.value)
  if (!roster.ok) return roster
  const { seq, value, signature } = item
  if (!isSeq(seq)) return rejected('roster-seq')
  const owner = fromHex(topic.owner) as Uint8Array
  if (signature.length !== ED25519_SIGNATURE_BYTES) return rejected('roster-signature')
  if (!verify(owner, rosterMessage(topic, item), signature)) return rejected('roster-forged')
  return parsed({ seq, value, signature, roster: roster.value })
}

export function parseRosterText(input: unknown): Parsed<RosterItem> {
  if (!isFields(input)) return rejected('roster-shape')
  const { seq, value, sig } = input
  if (!isSeq(seq)) return rejected('roster-seq')
  const bytes = typeof value === 'string' && value.length <= VALUE_LENGTH_MAX ? fromBase64Url(value) : undefined
  if (bytes === undefined) return rejected('roster-size')
  const signature =
    typeof sig === 'string' && sig.length === 2 * ED25519_SIGNATURE_BYTES && /^[0-9a-f]+$/.test(sig)
      ? fromHex(sig)
      : undefined
  return signature === undefined ? rejected('roster-signature') : parsed({ seq, value: bytes, signature })
}

export function rosterText({ seq, value, signature }: RosterItem): RosterText {
  return { seq, value: toBase64Url(value), sig: toHex(signature) }
}

function isSeq(seq: unknown): seq is number {
  return Number.isSafeInteger(seq) && (seq as number) > 0
}
