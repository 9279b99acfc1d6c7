/** The roster as its owner changes it: from the newest that is known here or on the DHT to the next one. */

import { resolve } from 'node:path'
import { fromHex, toHex } from '@shoal/base'
import { type Dht, type KeptFields, type KeptFile, readKeptFile, writeKeptFile } from '@shoal/dht'
import {
  EMPTY_ROSTER,
  encodeRoster,
  parseRoster,
  rosterPeer,
  rosterSalt,
  rosterTarget,
  type TopicRoster,
} from '@shoal/peer'
import { CommandError } from './exit.ts'
import { whileLocked } from './file-lock.ts'
import type { Output } from './output.ts'
import type { TopicOwner } from './owner-key-file.ts'

/** The longest that a certificate can last: a revocation that is older has nothing left to revoke. */
export const CERTIFICATE_DAYS_MAX = 366
const DAY_MS = 86_400_000

interface Published {
  readonly seq: number
  readonly value: Uint8Array
}

/** Nodes forget it when no server is there to put it again: the owner must not. */
const ROSTER_FILE: KeptFile<Published> = {
  name: 'roster file',
  format: 'shoal-topic-roster',
  version: 1,
  bytesMax: 16_384,
  parse: parsePublished,
}

interface Keeping {
  readonly owner: TopicOwner
  /** Of the owner's key; the roster lies beside it. */
  readonly keyFile: string
  readonly output: Output
}

export interface RosterChange extends Keeping {
  readonly dht: Pick<Dht, 'get' | 'put'>
}

/** Gives how many nodes store the next roster. */
export function publishRoster(about: RosterChange, change: (roster: TopicRoster) => TopicRoster): Promise<Stored> {
  const file = rosterFileOf(about)
  // Of two that count on from the same roster one would be lost, and what it revokes with it.
  return whileLocked(
    `${file}.lock`,
    (holder, lock) =>
      new CommandError(
        `process ${holder} is publishing a roster with this key: run this again when it has ended (if it is no shoal, delete ${lock})`,
      ),
    () => publishNext(about, change),
  )
}

interface Stored {
  readonly nodes: number
  readonly seq: number
}

async function publishNext(
  { dht, ...keeping }: RosterChange,
  change: (roster: TopicRoster) => TopicRoster,
): Promise<Stored> {
  const { topic, seed } = keeping.owner
  const file = rosterFileOf(keeping)
  const kept = readKept(keeping)
  const salt = rosterSalt(topic)
  const found = await dht.get(rosterTarget(topic), { salt })
  const held = newest(kept, published(found?.seq, found?.value))
  const before = held === undefined ? EMPTY_ROSTER : rosterOf(held)
  const value = encodeRoster(change(pruned(before, Date.now())))
  if (value === undefined) {
    throw new CommandError(
      'the roster is full: name fewer servers; revocations leave it a year after they were made, or begin a topic with a new key',
    )
  }
  const next = { seq: (held?.seq ?? 0) + 1, value }
  // Before anybody else has it, so that no number is used twice.
  writeKeptFile(file, ROSTER_FILE, { seq: next.seq, value: toHex(value) })
  const { nodes } = await dht.put({ value, key: seed, seq: next.seq, salt, republish: false })
  return { nodes, seq: next.seq }
}

/** Certificates of the peer that were signed until then count no more, as far as is known beside the key. */
export function revokedUntil(peerId: string, keeping: Keeping): number | undefined {
  const kept = readKept(keeping)
  const peer = rosterPeer(peerId)
  return kept && rosterOf(kept).revocations.find((revocation) => revocation.peer === peer)?.at
}

function readKept(keeping: Keeping): Published | undefined {
  const { value, warning } = readKeptFile(rosterFileOf(keeping), ROSTER_FILE, new Date())
  if (warning !== undefined) keeping.output.warn(warning)
  return value
}

function rosterFileOf({ keyFile }: Pick<Keeping, 'keyFile'>): string {
  return `${resolve(keyFile)}.roster`
}

function pruned({ servers, revocations }: TopicRoster, now: number): TopicRoster {
  return { servers, revocations: revocations.filter(({ at }) => now - at < CERTIFICATE_DAYS_MAX * DAY_MS) }
}

function newest(a: Published | undefined, b: Published | undefined): Published | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return b.seq > a.seq ? b : a
}

function published(seq: unknown, value: unknown): Published | undefined {
  if (typeof seq !== 'number' || !(value instanceof Uint8Array)) return undefined
  return { seq, value }
}

function rosterOf({ value }: Published): TopicRoster {
  const roster = parseRoster(value)
  if (roster.ok) return roster.value
  throw new CommandError('the roster of this topic was published by a newer shoal: use that one')
}

function parsePublished({
  seq,
  value,
}: KeptFields & { readonly seq?: unknown; readonly value?: unknown }): Published | undefined {
  const bytes = typeof value === 'string' ? fromHex(value) : undefined
  return Number.isSafeInteger(seq) && (seq as number) > 0 ? published(seq, bytes) : undefined
}
