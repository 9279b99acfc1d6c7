/**
 * A signed record as a set of changes. Only the signer's own changes count: what else stands in it (a plain peer sends its
 * whole document) is covered by nobody's word but the signer's, and comes from its authors' own sets.
 */

import { isFields } from '@shoal/peer'
import type { WireRecord } from '../records/record.ts'
import { DELETED } from '../records/write.ts'
import { CRDT_COUNTER, CRDT_LIST, CRDT_MAP } from './base-crdt.ts'
import { authorOfIndex, isCounterChange, isListChange, isMapChange } from './change.ts'
import { changeText } from './change-log.ts'

export interface ChangeSet {
  /** The type that its changes are of; tool-db 2.6.6 labels a counter LIST. */
  readonly kind: string
  /** The signer's own, each text once, in the order in which they stand. */
  readonly changes: readonly unknown[]
  readonly texts: readonly string[]
}

/** A set that was verified, as its readers merge it: the signer's own changes alone. */
export interface ReadSet {
  /** Of the record, which names it. */
  readonly hash: string
  readonly changes: readonly unknown[]
}

/** A record whose value is a set of changes, and not a value of its own. */
export function isCrdtRecord(record: Pick<WireRecord, 'c'>): boolean {
  return record.c !== null && record.c !== DELETED
}

/** One of tool-db's, whose changes tell it by their shape. */
export function isKnownKind(kind: string): boolean {
  return kind === CRDT_MAP || kind === CRDT_LIST || kind === CRDT_COUNTER
}

/** `undefined` where nothing in it counts. */
export function changeSetOf(record: Pick<WireRecord, 'v' | 'a' | 'c'>): ChangeSet | undefined {
  if (record.c === null || !Array.isArray(record.v)) return undefined
  const kind = kindOf(record.c, record.v)
  const changes: unknown[] = []
  const texts = new Set<string>()
  for (const change of record.v) {
    if (!isOwn(kind, change, record.a)) continue
    const text = changeText(change)
    if (texts.has(text)) continue
    texts.add(text)
    changes.push(change)
  }
  return changes.length === 0 ? undefined : { kind, changes, texts: [...texts] }
}

export function isOwn(kind: string, change: unknown, author: string): boolean {
  switch (kind) {
    case CRDT_MAP:
      return isMapChange(change) && change.a === author
    case CRDT_LIST:
      return isListChange(change) && authorOfIndex(change.i) === author
    case CRDT_COUNTER:
      return isCounterChange(change) && change.a === author
    default:
      // Of other people's kinds nothing is known, but that `a` is the author wherever it is a text.
      return !isFields(change) || typeof change['a'] !== 'string' || change['a'] === author
  }
}

function kindOf(type: string, changes: readonly unknown[]): string {
  return type === CRDT_LIST && changes.some(isCounterChange) && !changes.some(isListChange) ? CRDT_COUNTER : type
}
