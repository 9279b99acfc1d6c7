/** A lookup at work in an engine: the walk, and the announcing that may follow it. */

import type { OperationId } from '../engine-event.ts'
import type { NodeAddress } from '../id/address.ts'
import type { ItemOrder } from '../item/own-items.ts'
import type { OutgoingQuery } from '../krpc/query.ts'
import type { ItemSearch } from './item-search.ts'
import type { Lookup } from './lookup.ts'
import type { ScrapeTally } from './scrape-tally.ts'

export interface RunningLookup {
  readonly operation: OperationId
  readonly lookup: Lookup
  /** `done`: answers that still come in are of use to the table only. */
  stage: 'walking' | 'walked' | 'announcing' | 'done'
  /** Of announcing, and of putting an item; `cas` and `seq` count the refusals of BEP 44 (301 and 302) among those that failed. */
  readonly announces: { pending: number; nodes: number; failed: number; cas: number; seq: number }
  /** Who is still to be told, because too many queries are in flight. BOUNDED: by the closest nodes of a walk. */
  readonly untold: { readonly to: NodeAddress; readonly query: OutgoingQuery }[]
  /** BEP 44: what a walk with `get` has found. */
  readonly search: ItemSearch | undefined
  /** The item to put when the walk is over; `awaited` where the caller makes it of what was found. */
  order: ItemOrder | 'awaited' | undefined
  /** BEP 33. */
  readonly tally: ScrapeTally | undefined
}
