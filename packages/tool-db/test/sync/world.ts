/** Two sets of items and the messages between them, for tests of reconciliation. */

import { createHash } from 'node:crypto'
import { toHex } from '@shoal/base'
import { ItemTree } from '../../src/core/sync/item-tree.ts'
import { DEFAULT_STEP_LIMITS, openReconciliation, reconcile, type StepLimits } from '../../src/core/sync/reconcile.ts'
import { EXPANDED_BYTES, type Expand } from '../../src/core/sync/set-hash.ts'
import type { SyncItem } from '../../src/core/sync/sync-item.ts'
import { parseSync, serialiseSync } from '../../src/core/sync/sync-message.ts'

export const expand: Expand = (element) =>
  createHash('shake128', { outputLength: EXPANDED_BYTES }).update(element).digest()

export const sha256 = (input: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(input).digest())

export function emptyTree(): ItemTree {
  return new ItemTree({ expand, sha256 })
}

export function treeOf(items: Iterable<SyncItem>): ItemTree {
  const tree = emptyTree()
  for (const item of items) tree.insert(item)
  return tree
}

/** The item of a number: its id is the hash of the number. */
export function numbered(number: number, time: number = 1_700_000_000_000 + number): SyncItem {
  return { time, id: sha256(new TextEncoder().encode(String(number))) }
}

export interface Outcome {
  readonly have: string[]
  readonly need: string[]
  readonly roundTrips: number
  readonly bytes: number
  readonly largestMessage: number
}

/** Runs a reconciliation to its end, each message through its bytes. */
export function reconcileBoth(
  initiator: ItemTree,
  responder: ItemTree,
  limits: StepLimits = DEFAULT_STEP_LIMITS,
): Outcome {
  const have: string[] = []
  const need: string[] = []
  let [roundTrips, bytes, largestMessage] = [0, 0, 0]
  const carry = (message: Parameters<typeof serialiseSync>[0]) => {
    const written = serialiseSync(message)
    bytes += written.length
    largestMessage = Math.max(largestMessage, written.length)
    const parsed = parseSync(written)
    if (!parsed.ok) throw new Error(parsed.reason)
    return parsed.message
  }
  let message = openReconciliation(initiator, limits)
  while (message.length > 0) {
    roundTrips++
    if (roundTrips > 10_000) throw new Error('no end in sight')
    const answer = reconcile(responder, carry(message), { side: 'responder', limits })
    const step = reconcile(initiator, carry(answer.reply), { side: 'initiator', limits })
    for (const item of step.have) have.push(toHex(item.id))
    for (const id of step.need) need.push(toHex(id))
    message = step.reply
  }
  return { have: have.sort(), need: need.sort(), roundTrips, bytes, largestMessage }
}
