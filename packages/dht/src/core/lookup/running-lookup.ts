/** A lookup at work in an engine: the walk, and the announcing that may follow it. */

import type { OperationId } from '../engine-event.ts'
import type { Lookup } from './lookup.ts'

export interface RunningLookup {
  readonly operation: OperationId
  readonly lookup: Lookup
  /** `done`: answers that still come in are of use to the table only. */
  stage: 'walking' | 'announcing' | 'done'
  readonly announces: { pending: number; nodes: number; failed: number }
}
