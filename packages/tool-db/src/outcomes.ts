/** What reads and comparisons of the database come to. */

import type { Millis } from '@shoal/base'

export interface FoundRecord<T = unknown> {
  readonly value: T
  readonly author: string
  readonly time: Millis
}

export interface GetOutcome<T = unknown> {
  readonly record: FoundRecord<T> | undefined
  /** The record is here, or every connected server said that it has none; false when time ran out. */
  readonly complete: boolean
}

/** What a comparison with the servers has come to. */
export interface SyncOutcome {
  /** Records that were new here, or newer than what was here; deletions count as well. */
  readonly stored: number
  /** Servers that have nothing under the prefix that is not here, by now. */
  readonly servers: number
  /** That is every server that was connected, at least one. */
  readonly complete: boolean
}
