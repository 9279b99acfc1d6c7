/** Changes in the order in which tool-db's documents hold them: what is merged there then keeps the text that was signed. */

import { CRDT_COUNTER, CRDT_LIST, CRDT_MAP } from './base-crdt.ts'
import { compareCounterChanges, compareListChanges, compareMapChanges } from './change.ts'

const ORDERS: ReadonlyMap<string, (a: never, b: never) => number> = new Map<string, (a: never, b: never) => number>([
  [CRDT_MAP, compareMapChanges],
  [CRDT_LIST, compareListChanges],
  [CRDT_COUNTER, compareCounterChanges],
])

/** Stable, as tool-db's sorting is; changes of other kinds stay as they are. */
export function inOrder(kind: string, changes: readonly unknown[]): readonly unknown[] {
  const compare = ORDERS.get(kind)
  return compare === undefined ? changes : [...changes].sort(compare as (a: unknown, b: unknown) => number)
}
