import { toHex } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_STEP_LIMITS, reconcile } from '../../src/core/sync/reconcile.ts'
import { packPlace, type SyncItem } from '../../src/core/sync/sync-item.ts'
import { parseSync, parseWant, type SyncRange, serialiseSync, serialiseWant } from '../../src/core/sync/sync-message.ts'
import { numbered, reconcileBoth, SALT, sha256, treeOf } from './world.ts'

const context = { sha256, salt: SALT }

const items = (numbers: Iterable<number>, time?: number): SyncItem[] => [...numbers].map((n) => numbered(n, time))
const names = (list: readonly SyncItem[]) => list.map((item) => toHex(item.id)).sort()

const someNumbers = fc.uniqueArray(fc.nat(1_500), { maxLength: 400 })

test('[Y-3] both sides find exactly what they lack, whatever it is, within the bounds of each message', () => {
  fc.assert(
    fc.property(
      fc.nat(1_000),
      someNumbers,
      someNumbers,
      fc.constantFrom(undefined, 7),
      fc.constantFrom(8_192, 24_576),
      (shared, left, right, time, messageBytesMax) => {
        const ours = new Set([...Array(shared).keys(), ...left].filter((n) => !right.includes(n)))
        const theirs = new Set([...Array(shared).keys(), ...right].filter((n) => !left.includes(n)))
        const outcome = reconcileBoth(treeOf(items(ours, time)), treeOf(items(theirs, time)), {
          messageBytesMax,
          workMax: 500,
          needMax: 100,
        })
        expect(outcome.responderNeeds).toEqual(names(items([...ours].filter((n) => !theirs.has(n)))))
        expect(outcome.initiatorNeeds).toEqual(names(items([...theirs].filter((n) => !ours.has(n)))))
        expect(outcome.largestMessage).toBeLessThanOrEqual(messageBytesMax)
      },
    ),
    { numRuns: 40, seed: 2 },
  )
})

test('[Y-4] two equal sets cost one round trip and less than 1 KB', () => {
  const numbers = Array.from({ length: 6_000 }, (_, i) => i)
  const outcome = reconcileBoth(treeOf(items(numbers)), treeOf(items(numbers.toReversed())))
  expect(outcome).toMatchObject({ initiatorNeeds: [], responderNeeds: [], roundTrips: 1 })
  expect(outcome.bytes).toBeLessThan(512)
})

test('[Y-4] ten differences among 6,000 cost a few round trips and less than 16 KB', () => {
  const numbers = Array.from({ length: 6_000 }, (_, i) => i)
  const ours = treeOf(items(numbers.filter((n) => n % 1_200 !== 0)))
  const theirs = treeOf(items(numbers.filter((n) => n % 1_200 !== 1)))
  const outcome = reconcileBoth(ours, theirs)
  expect([outcome.responderNeeds.length, outcome.initiatorNeeds.length]).toEqual([5, 5])
  expect(outcome.roundTrips).toBeLessThanOrEqual(4)
  expect(outcome.bytes).toBeLessThan(16_000)
})

test('[Y-5] an empty side learns of everything in bounded steps, whichever side that is', () => {
  const full = treeOf(items(Array.from({ length: 10_000 }, (_, i) => i)))
  const empty = treeOf([])
  const [joins, joined] = [reconcileBoth(empty, full), reconcileBoth(full, empty)]
  expect(joins.initiatorNeeds.length).toBe(10_000)
  expect(joined.responderNeeds.length).toBe(10_000)
  // As whole ranges: a list of their ids would be a tenth of the records.
  for (const { bytes } of [joins, joined]) expect(bytes).toBeLessThan(2_048)
})

test('[Y-5] one step finds only so much, expands only so many items and answers only so long, whatever it is sent', () => {
  const tree = treeOf(items(Array.from({ length: 6_000 }, (_, i) => i)))
  const place = (i: number): Uint8Array =>
    new Uint8Array(40)
      .fill(0)
      .with(6, (i >> 8) & 255)
      .with(7, i & 255)
  const differs = { kind: 'fingerprint', fingerprint: new Uint8Array(8) } as const
  const many = Array.from({ length: 4_000 }, (_, i): SyncRange => ({ to: place(i + 1), content: differs }))
  const step = reconcile(tree, [...many, { to: 'end', content: differs }], context)
  expect(serialiseSync(step.reply).length).toBeLessThanOrEqual(DEFAULT_STEP_LIMITS.messageBytesMax)
  expect(step.work).toBeLessThanOrEqual(DEFAULT_STEP_LIMITS.workMax + 6_000)
  const foreign = items(Array.from({ length: 2_000 }, (_, i) => 10_000 + i))
  const told = [0, 1, 2].map((i): SyncRange => ({ to: place(i + 1), content: { kind: 'ids', items: foreign } }))
  expect(reconcile(tree, told, context).need.length).toBeLessThanOrEqual(DEFAULT_STEP_LIMITS.needMax + 1_000)
})

test('[Y-7] strangers cannot make two ranges look equal: each comparison has a salt of its own', () => {
  const tree = treeOf(items([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]))
  const other = { sha256, salt: new Uint8Array(16).fill(8) }
  const [one, two] = [context, other].map((each) => {
    const told = reconcile(
      tree,
      [{ to: 'end', content: { kind: 'fingerprint', fingerprint: new Uint8Array(8) } }],
      each,
    )
    return told.reply.map(({ content }) => (content.kind === 'fingerprint' ? toHex(content.fingerprint) : content.kind))
  })
  expect(one?.length).toBe(12)
  for (const [i, fingerprint] of (one ?? []).entries()) expect(two?.[i]).not.toBe(fingerprint)
})

test('[Y-6] foreign bytes are a message or a rejection, never an error; what is written is read back', () => {
  const step = reconcile(
    treeOf(items(Array.from({ length: 300 }, (_, i) => i))),
    [
      { to: packPlace(1_700_000_000_100, new Uint8Array(0)), content: { kind: 'ids', items: items([1]) } },
      { to: 'end', content: { kind: 'fingerprint', fingerprint: new Uint8Array(8) } },
    ],
    context,
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
        reconcile(small, parsed.message, context)
        expect(parseSync(serialiseSync(parsed.message))).toEqual(parsed)
      } else expect(parsed.reason).toMatch(/^[a-z ]+$/)
    }),
    { numRuns: 1_000, seed: 3 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      parseSync(new Uint8Array([1, ...noise]))
      parseWant(new Uint8Array([1, ...noise]))
    }),
    { numRuns: 3_000, seed: 4 },
  )
})

test('[Y-6] what is wanted is read back as it was written, and anything else is refused', () => {
  const [from, to] = [packPlace(5, new Uint8Array([1])), packPlace(6, new Uint8Array([1, 2]))]
  const wants = [
    { kind: 'items', items: items([1, 2, 3]) },
    { kind: 'range', range: { from, to } },
    { kind: 'range', range: { from, to: 'end' } },
  ] as const
  for (const want of wants) {
    const bytes = serialiseWant(want)
    expect(parseWant(bytes)).toEqual(want)
    for (let cut = 0; cut < bytes.length; cut++) expect(parseWant(bytes.subarray(0, cut))).toBeUndefined()
    expect(parseWant(new Uint8Array([...bytes, 0]))).toBeUndefined()
  }
  const before = packPlace(6, new Uint8Array([1]))
  expect(parseWant(serialiseWant({ kind: 'range', range: { from: to, to: before } }))).toBeUndefined()
})

test('[Y-6] a message of more ranges than are looked up is refused whole', () => {
  const skips = (count: number): SyncRange[] =>
    Array.from({ length: count }, (_, i) => ({ to: packPlace(i + 1, new Uint8Array(0)), content: { kind: 'skip' } }))
  expect(parseSync(serialiseSync(skips(4_096)))).toMatchObject({ ok: true })
  expect(parseSync(serialiseSync(skips(4_097)))).toEqual({ ok: false, reason: 'too many ranges' })
})

test('[Y-6] times of more than 13 digits are refused, in places and in items', () => {
  const times = [9_999_999_999_999, 10_000_000_000_000]
  const accepted = times.map((time) => [
    parseSync(serialiseSync([{ to: packPlace(time, new Uint8Array(0)), content: { kind: 'skip' } }])).ok,
    parseSync(serialiseSync([{ to: 'end', content: { kind: 'ids', items: items([1], time) } }])).ok,
    parseWant(serialiseWant({ kind: 'items', items: items([1], time) })) !== undefined,
  ])
  expect(accepted).toEqual([
    [true, true, true],
    [false, false, false],
  ])
})
