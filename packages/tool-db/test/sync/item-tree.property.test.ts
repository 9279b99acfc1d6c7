import { toHex } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareAt, packItem, START } from '../../src/core/sync/sync-item.ts'
import { emptyTree, numbered, treeOf } from './world.ts'

const operations = fc.array(
  fc.record({
    kind: fc.constantFrom('insert', 'insert', 'insert', 'remove'),
    number: fc.nat(400),
    time: fc.constantFrom(undefined, 5, 6),
  }),
  { maxLength: 1_500 },
)

test('[Y-1] a tree of items agrees with a sorted list after any inserts and removals, ranks and fingerprints included', () => {
  fc.assert(
    fc.property(operations, fc.nat(), fc.nat(), (steps, a, b) => {
      const tree = emptyTree()
      const model = new Map<string, ReturnType<typeof numbered>>()
      for (const { kind, number, time } of steps) {
        const item = numbered(number, time)
        const name = toHex(packItem(item))
        if (kind === 'insert') {
          expect(tree.insert(item)).toBe(!model.has(name))
          model.set(name, item)
        } else {
          expect(tree.remove(item)).toBe(model.has(name))
          model.delete(name)
        }
      }
      const sorted = [...model.values()].sort((x, y) => compareAt(packItem(x), 0, packItem(y)))
      expect(tree.size).toBe(sorted.length)
      expect(tree.items(0, tree.size)).toEqual(sorted)
      for (const [rank, item] of sorted.entries()) expect(tree.rank(packItem(item))).toBe(rank)
      const [from, to] = [a % (sorted.length + 1), b % (sorted.length + 1)].sort((x, y) => x - y) as [number, number]
      expect(tree.fingerprint(from, to).bytes).toEqual(treeOf(sorted.slice(from, to)).fingerprint(0, to - from).bytes)
    }),
    { numRuns: 60, seed: 1 },
  )
})

test('[Y-1] ten thousand items that come and go in any order leave a tree that is empty again', () => {
  const tree = emptyTree()
  const none = tree.fingerprint(0, 0).bytes
  for (let i = 0; i < 10_000; i++) expect(tree.insert(numbered((i * 7_919) % 10_000))).toBe(true)
  expect(tree.size).toBe(10_000)
  for (let i = 0; i < 10_000; i++) expect(tree.remove(numbered((i * 3_571) % 10_000))).toBe(true)
  expect(tree.size).toBe(0)
  expect(tree.rank(START)).toBe(0)
  expect(tree.fingerprint(0, 0).bytes).toEqual(none)
})

/** As records come: some in each millisecond, each a little late or early. */
function nearlyInOrder(count: number, timeOf: (i: number) => number): ReturnType<typeof numbered>[] {
  return Array.from({ length: count }, (_, i) => numbered(i, timeOf(i) + ((i * 7_919) % 10)))
}

test('[Y-1] items that come nearly in order, forwards, backwards or between others, lie as in a sorted list', () => {
  const times: ((i: number) => number)[] = [
    (i) => 100 + Math.floor(i / 14),
    (i) => 100 + Math.floor((4_000 - i) / 14),
    (i) => (i < 2_000 ? 100 + (i % 2) * 1_000 : 200 + Math.floor(i / 14)),
  ]
  for (const timeOf of times) {
    const items = nearlyInOrder(4_000, timeOf)
    const tree = treeOf(items)
    const sorted = items.toSorted((x, y) => compareAt(packItem(x), 0, packItem(y)))
    expect(tree.items(0, tree.size)).toEqual(sorted)
    for (let rank = 0; rank < sorted.length; rank += 61)
      expect(tree.rank(packItem(sorted[rank] as (typeof items)[0]))).toBe(rank)
  }
})

test('[Y-2] items that come nearly in order leave full leaves: few are to be hashed', () => {
  const tree = treeOf(nearlyInOrder(20_000, (i) => 100 + Math.floor(i / 14)))
  let leaves = 1
  // Of several leaves one is hashed at a time where so little work is allowed.
  while (!tree.settle(1)) leaves++
  expect(leaves).toBeLessThanOrEqual(20_000 / (0.8 * 256))
})

test('[Y-2] a fingerprint costs at most half a leaf of hashing at each end, whatever the range, where nothing has changed', () => {
  const tree = treeOf(Array.from({ length: 5_000 }, (_, i) => numbered((i * 7_919) % 5_000)))
  while (!tree.settle(500));
  for (let from = 0; from < 5_000; from += 97) {
    for (let to = from; to <= 5_000; to += 489) expect(tree.fingerprint(from, to).work).toBeLessThanOrEqual(256)
  }
  expect(tree.fingerprint(0, 5_000).work).toBe(0)
})

test('[Y-2] what has changed is hashed once, a leaf at a time, and in slices of any length', () => {
  const full = () => treeOf(Array.from({ length: 5_000 }, (_, i) => numbered(i)))
  expect(full().fingerprint(0, 5_000).work).toBe(5_000)
  const [tree, other] = [full(), full()]
  for (let slices = 1; !tree.settle(300); slices++) {
    const left = 5_000 - slices * (300 + 256)
    other.settle(300)
    if (slices === 4) expect(other.fingerprint(0, 5_000).work).toBeGreaterThanOrEqual(left)
    expect(slices).toBeLessThanOrEqual(5_000 / 300)
  }
  expect(tree.fingerprint(0, 5_000).work).toBe(0)
  tree.insert(numbered(9_999, 1_700_000_002_500))
  tree.remove(numbered(17))
  expect(tree.fingerprint(0, 5_000).work).toBeLessThanOrEqual(3 * 256)
  const same = treeOf([...tree.items(0, tree.size)].toReversed())
  expect(tree.fingerprint(0, tree.size).bytes).toEqual(same.fingerprint(0, same.size).bytes)
})
