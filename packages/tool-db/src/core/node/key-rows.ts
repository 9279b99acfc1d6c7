/** The rows of a key that one write reads and expects: its record's, and of a name that of its claims. */

import { namespaceOf } from '../records/key.ts'
import { type HeldRow, NO_VERSION, type RowWrite } from './effects.ts'
import type { Kernel } from './kernel.ts'
import { claimsKey } from './rows.ts'

export interface Rows {
  readonly row: HeldRow | undefined
  readonly claims: HeldRow | undefined
}

export function loadRows(kernel: Kernel, key: string, then: (rows: Rows | undefined, error?: unknown) => void): void {
  const isFrozen = namespaceOf(key).kind === 'frozen'
  kernel.ask('load', { keys: isFrozen ? [key, claimsKey(key)] : [key] }, (result) => {
    if (!result.ok) return then(undefined, result.error)
    then({ row: result.value[0], claims: result.value[1] })
  })
}

/** `conflict` where a row is not as it was read. */
export function commitRows(
  kernel: Kernel,
  { key, rows, writes }: { readonly key: string; readonly rows: Rows; readonly writes: readonly RowWrite[] },
  then: (outcome: 'committed' | 'conflict' | 'failed', error?: unknown) => void,
): void {
  const expect = new Map([[key, rows.row?.version ?? NO_VERSION]])
  if (namespaceOf(key).kind === 'frozen') expect.set(claimsKey(key), rows.claims?.version ?? NO_VERSION)
  kernel.ask('commit', { writes, expect }, (result) => {
    if (!result.ok) return then('failed', result.error)
    then(result.value ? 'committed' : 'conflict')
  })
}
