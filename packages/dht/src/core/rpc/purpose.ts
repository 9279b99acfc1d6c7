/** Why a query of ours was sent: who gets its answer. */

import type { OperationId } from '../engine-event.ts'
import type { Candidate } from '../lookup/frontier.ts'
import type { RunningLookup } from '../lookup/running-lookup.ts'

export type Purpose =
  /** `attempt`: the candidate's first query or its second. */
  | {
      readonly kind: 'lookup'
      readonly running: RunningLookup
      readonly candidate: Candidate
      readonly attempt: number
    }
  | { readonly kind: 'announce'; readonly running: RunningLookup }
  /** BEP 44: the item was sent to be stored. */
  | { readonly kind: 'store'; readonly running: RunningLookup }
  | { readonly kind: 'ping'; readonly operation: OperationId }
  /** BEP 51. */
  | { readonly kind: 'sample'; readonly operation: OperationId }
  /** Upkeep of the table: the answer itself is what counts, and the nodes in it. */
  | { readonly kind: 'upkeep' }
