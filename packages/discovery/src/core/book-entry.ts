/** What the candidate book remembers of one endpoint. */

import type { Deadline, Millis } from '@shoal/base'
import type { Place } from './place.ts'

/**
 * - ready: worth a dial, not handed out yet. - out: handed out, and nobody has said yet what became of it.
 * - waiting: its next turn is at a deadline. - connected: a session is up.
 * - duplicate: the peer behind it is connected by another endpoint; its next turn is when that one drops, or at a deadline.
 */
export type EntryState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'out' }
  | { readonly kind: 'waiting'; readonly deadline: Deadline<BookEntry> }
  | { readonly kind: 'connected'; readonly peerId: string; readonly since: Millis }
  | { readonly kind: 'duplicate'; readonly peerId: string; readonly deadline: Deadline<BookEntry> }

export interface BookEntry {
  place: Place
  readonly firstSeen: Millis
  lastSeen: Millis
  state: EntryState
  /** In a row; 0 once a session has lasted. */
  failures: number
  wasConnected: boolean
  /** Connected for long enough once: a server, and no chance acquaintance. */
  hasLasted: boolean
  group: PrefixGroup
}

/** The entries that one source has under one prefix, and when one of them last had a turn. */
export interface PrefixGroup {
  readonly key: string
  /** BOUNDED: by the book's limit per prefix. */
  readonly entries: Set<BookEntry>
  servedAt: number
}

/**
 * How readily an entry makes room for a new one, `undefined` where it never does: first what keeps failing, then what
 * has had its turn. What waits for its first turn stays, and what was connected a moment ago, so that a flood of new
 * ones can't wash them out.
 */
export function expendability(entry: BookEntry): number | undefined {
  switch (entry.state.kind) {
    case 'waiting':
      return entry.wasConnected && entry.failures <= 1 ? undefined : 1 + entry.failures
    case 'out':
    case 'duplicate':
      return 1
    case 'ready':
    case 'connected':
      return undefined
  }
}

/** The most expendable of `entries`; of equals the one that is there longest. */
export function mostExpendable(entries: Iterable<BookEntry>): BookEntry | undefined {
  let worst: BookEntry | undefined
  let most = 0
  for (const entry of entries) {
    const degree = expendability(entry)
    if (degree === undefined || degree <= most) continue
    worst = entry
    most = degree
  }
  return worst
}
