import { toHex } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_STEP_LIMITS, reconcile } from '../../src/core/sync/reconcile.ts'
import type { SyncItem } from '../../src/core/sync/sync-item.ts'
import { parseSync, serialiseSync } from '../../src/core/sync/sync-message.ts'
import { numbered, reconcileBoth, treeOf } from './world.ts'

const items = (numbers: Iterable<number>, time?: number): SyncItem[] => [...numbers].map((n) => numbered(n, time))
const names = (list: readonly SyncItem[]) => list.map((item) => toHex(item.id)).sort()

const someNumbers = fc.uniqueArray(fc.nat(1_500), { maxLength: 400 })

test('[Y-3] two sets find exactly their differences, whatever they are, within the bounds of each message', () => {
  fc.assert(
    fc.property(
      fc.nat(1_000),
      someNumbers,
      someNumbers,
      fc.constantFrom(undefined, 7),
      fc.constantFrom(4_096, 32_768),
      (shared, left, right, time, messageBytesMax) => {
        const ours = new Set([...Array(shared).keys(), ...left].filter((n) => !right.includes(n)))
        const theirs = new Set([...Array(shared).keys(), ...right].filter((n) => !left.includes(n)))
        const outcome = reconcileBoth(treeOf(items(ours, time)), treeOf(items(theirs, time)), {
          messageBytesMax,
          workMax: 500,
          differencesMax: 100,
        })
        expect(outcome.have).toEqual(names(items([...ours].filter((n) => !theirs.has(n)))))
        expect(outcome.need).toEqual(names(items([...theirs].filter((n) => !ours.has(n)))))
        expect(outcome.largestMessage).toBeLessThanOrEqual(messageBytesMax)
      },
    ),
    { numRuns: 40, seed: 2 },
  )
})

test('[Y-4] two equal sets cost one round trip and less than 1 KB', () => {
  const numbers = Array.from({ length: 6_000 }, (_, i) => i)
  const outcome = reconcileBoth(treeOf(items(numbers)), treeOf(items(numbers.toReversed())))
  expect(outcome).toMatchObject({ have: [], need: [], roundTrips: 1 })
  expect(outcome.bytes).toBeLessThan(1_024)
})

test('[Y-4] ten differences among 6,000 cost a few round trips and less than 40 KB', () => {
  const numbers = Array.from({ length: 6_000 }, (_, i) => i)
  const ours = treeOf(items(numbers.filter((n) => n % 1_200 !== 0)))
  const theirs = treeOf(items(numbers.filter((n) => n % 1_200 !== 1)))
  const outcome = reconcileBoth(ours, theirs)
  expect([outcome.have.length, outcome.need.length]).toEqual([5, 5])
  expect(outcome.roundTrips).toBeLessThanOrEqual(4)
  expect(outcome.bytes).toBeLessThan(40_000)
})

test('[Y-5] an empty side learns of everything in bounded steps, and so does a full side of an empty one', () => {
  const full = treeOf(items(Array.from({ length: 10_000 }, (_, i) => i)))
  const empty = treeOf([])
  expect(reconcileBoth(empty, full).need.length).toBe(10_000)
  expect(reconcileBoth(full, empty).have.length).toBe(10_000)
})

test('[Y-5] one step finds only so many differences, expands only so many items and answers only so long, whatever it is sent', () => {
  const tree = treeOf(items(Array.from({ length: 6_000 }, (_, i) => i)))
  const ranges = Array.from({ length: 5_000 }, (_, i) => ({
    to:
      i === 4_999
        ? ('end' as const)
        : new Uint8Array(40)
            .fill(0)
            .with(6, (i >> 8) & 255)
            .with(7, i & 255),
    content: { kind: 'fingerprint' as const, fingerprint: new Uint8Array(32) },
  }))
  for (const side of ['initiator', 'responder'] as const) {
    const step = reconcile(tree, ranges.slice(1), { side })
    expect(serialiseSync(step.reply).length).toBeLessThanOrEqual(DEFAULT_STEP_LIMITS.messageBytesMax)
    const told = reconcile(tree, [{ to: 'end', content: { kind: 'ids', ids: [] } }], { side })
    expect(told.have.length).toBeLessThanOrEqual(DEFAULT_STEP_LIMITS.differencesMax + 1_000)
    expect(serialiseSync(told.reply).length).toBeLessThanOrEqual(DEFAULT_STEP_LIMITS.messageBytesMax)
  }
})

test('[Y-6] foreign bytes are a message or a rejection, never an error; what is written is read back', () => {
  const step = reconcile(
    treeOf(items(Array.from({ length: 300 }, (_, i) => i))),
    [{ to: 'end', content: { kind: 'fingerprint', fingerprint: new Uint8Array(32) } }],
    { side: 'responder' },
  )
  const bytes = serialiseSync(step.reply)
  expect(parseSync(bytes)).toEqual({ ok: true, message: step.reply })
  const small = treeOf(items([1, 2, 3]))
  fc.assert(
    fc.property(fc.nat(bytes.length), fc.uint8Array({ maxLength: 40 }), fc.boolean(), (at, put, cutOff) => {
      const changed = new Uint8Array(bytes)
      changed.set(put.subarray(0, changed.length - at), at)
      const parsed = parseSync(cutOff ? changed.subarray(0, at) : changed)
      if (parsed.ok) {
        reconcile(small, parsed.message, { side: 'responder' })
        expect(parseSync(serialiseSync(parsed.message))).toEqual(parsed)
      } else expect(parsed.reason).toMatch(/^[a-z ]+$/)
    }),
    { numRuns: 1_000, seed: 3 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      parseSync(new Uint8Array([1, ...noise]))
    }),
    { numRuns: 3_000, seed: 4 },
  )
})
