/** Two sets of items and the messages between them, for tests of reconciliation. */

import { createHash } from 'node:crypto'
import { toHex } from '@shoal/base'
import { ItemTree } from '../../src/core/sync/item-tree.ts'
import { DEFAULT_STEP_LIMITS, openReconciliation, reconcile, type StepLimits } from '../../src/core/sync/reconcile.ts'
import type { PlaceRange, SyncItem } from '../../src/core/sync/sync-item.ts'
import { parseSync, serialiseSync } from '../../src/core/sync/sync-message.ts'

export const sha256 = (input: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(input).digest())

export function emptyTree(): ItemTree {
  return new ItemTree(sha256)
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

export const SALT: Uint8Array = new Uint8Array(16).fill(7)

export interface Outcome {
  /** Ids that each side found to be the other's alone, those of whole ranges included. */
  readonly initiatorNeeds: string[]
  readonly responderNeeds: string[]
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
  const context = { sha256, salt: SALT, limits }
  const [initiatorNeeds, responderNeeds] = [new Set<string>(), new Set<string>()]
  let [roundTrips, bytes, largestMessage] = [0, 0, 0]
  const carry = (message: Parameters<typeof serialiseSync>[0]) => {
    const written = serialiseSync(message)
    bytes += written.length
    largestMessage = Math.max(largestMessage, written.length)
    const parsed = parseSync(written)
    if (!parsed.ok) throw new Error(parsed.reason)
    return parsed.message
  }
  let message = openReconciliation(initiator, context)
  while (message.length > 0) {
    roundTrips++
    if (roundTrips > 10_000) throw new Error('no end in sight')
    const answer = reconcile(responder, carry(message), context)
    note(answer, { own: responder, other: initiator }, responderNeeds)
    const step = reconcile(initiator, carry(answer.reply), context)
    note(step, { own: initiator, other: responder }, initiatorNeeds)
    message = step.reply
  }
  return {
    initiatorNeeds: [...initiatorNeeds].sort(),
    responderNeeds: [...responderNeeds].sort(),
    roundTrips,
    bytes,
    largestMessage,
  }
}

function note(
  { need, needRanges }: { need: readonly SyncItem[]; needRanges: readonly PlaceRange[] },
  { own, other }: { own: ItemTree; other: ItemTree },
  found: Set<string>,
): void {
  for (const item of need) found.add(toHex(item.id))
  for (const { from, to } of needRanges) {
    for (const item of other.items(other.rank(from), other.rank(to))) if (!own.has(item)) found.add(toHex(item.id))
  }
}
