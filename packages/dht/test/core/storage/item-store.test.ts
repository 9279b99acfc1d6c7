import { fromLatin1, type Millis, seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { compareDistance, idKey, type NodeId, nodeIdBytes, randomNodeId } from '../../../src/core/id/node-id.ts'
import { ITEM_LIFETIME_MS, type ItemPlace, ItemStore } from '../../../src/core/storage/item-store.ts'

const random = seededRandom(5)
const ownId = randomNodeId(random)
const LIMITS = { itemsMax: 1_000, itemBytesMax: 1_000_000, itemsPerAddressMax: 10_000 }

function place(id: NodeId = randomNodeId(random)): ItemPlace {
  return { id, key: idKey(nodeIdBytes(id), 0) }
}

function put(store: ItemStore, at: ItemPlace, { now = 0 as Millis, source = 'a', text = '1:x' } = {}): void {
  store.put(now, at, { item: { value: fromLatin1(text), signed: undefined }, source, ownId })
}

test('[D-152] an item that is not put again within two hours is gone', () => {
  const store = new ItemStore(LIMITS, random)
  const [a, b] = [place(), place()]
  put(store, a)
  put(store, b)
  put(store, a, { now: ITEM_LIFETIME_MS - 1 })
  expect(store.get(ITEM_LIFETIME_MS - 1, b.key)).toBeDefined()
  expect(store.get(ITEM_LIFETIME_MS, b.key)).toBeUndefined()
  store.expire(ITEM_LIFETIME_MS)
  expect(store.size).toBe(1)
  expect(store.get(ITEM_LIFETIME_MS, a.key)).toBeDefined()
})

test('[D-153] items and their bytes are bounded, whatever is put', () => {
  const store = new ItemStore({ ...LIMITS, itemsMax: 100 }, random)
  for (let i = 0; i < 1_000; i++) put(store, place())
  expect(store.size).toBe(100)
  const narrow = new ItemStore({ ...LIMITS, itemBytesMax: 10_000 }, random)
  const held = place()
  for (let i = 0; i < 200; i++) put(narrow, i % 2 === 0 ? held : place(), { text: `${i}:${'x'.repeat(i)}` })
  expect(narrow.bytes).toBeLessThanOrEqual(10_000)
  narrow.expire(ITEM_LIFETIME_MS)
  expect(narrow.size).toBe(0)
  expect(narrow.bytes).toBe(0)
})

test('[D-153] one source has a share; then its own oldest goes, and nobody else loses any', () => {
  const store = new ItemStore({ ...LIMITS, itemsPerAddressMax: 5 }, random)
  const others = Array.from({ length: 20 }, (_, i) => ({ at: place(), source: `other ${i}` }))
  for (const { at, source } of others) put(store, at, { source })
  const flood = Array.from({ length: 100 }, () => place())
  for (const at of flood) put(store, at, { source: 'flood' })
  expect(store.size).toBe(25)
  for (const { at } of others) expect(store.get(1, at.key)).toBeDefined()
  expect(flood.map(({ key }) => store.get(1, key) !== undefined).lastIndexOf(false)).toBe(94)
  const single = new ItemStore({ ...LIMITS, itemsPerAddressMax: 1 }, random)
  for (const at of flood) put(single, at)
  expect(single.size).toBe(1)
})

test('[D-153] whoever puts the items of another again does not get them into his own share', () => {
  const store = new ItemStore({ ...LIMITS, itemsPerAddressMax: 5 }, random)
  const theirs = Array.from({ length: 5 }, () => place())
  for (const at of theirs) put(store, at, { source: 'them' })
  for (const at of theirs) put(store, at, { source: 'thief' })
  for (let i = 0; i < 50; i++) put(store, place(), { source: 'thief' })
  for (const at of theirs) expect(store.get(1, at.key)).toBeDefined()
})

test('[D-153] when the store is full, what is close to our id stays', () => {
  const store = new ItemStore({ ...LIMITS, itemsMax: 200 }, random)
  const all = Array.from({ length: 2_000 }, () => place())
  for (const [i, at] of all.entries()) put(store, at, { source: `${i}` })
  const closest = [...all].sort((a, b) => compareDistance(ownId, a.id, b.id)).slice(0, 20)
  expect(closest.filter(({ key }) => store.get(1, key) !== undefined).length).toBeGreaterThanOrEqual(19)
})

test('[D-131] items that made room for others are counted, those that expired are not', () => {
  const store = new ItemStore({ ...LIMITS, itemsMax: 5, itemsPerAddressMax: 3 }, random)
  for (let i = 0; i < 4; i++) put(store, place())
  expect(store.displaced).toBe(1)
  for (let i = 0; i < 4; i++) put(store, place(), { source: `b${i}` })
  expect([store.displaced, store.size]).toEqual([3, 5])
  store.expire(ITEM_LIFETIME_MS)
  expect([store.displaced, store.size]).toEqual([3, 0])
})

test('[D-133] who puts first what others put too cannot take it along when his share is full', () => {
  const store = new ItemStore({ ...LIMITS, itemsPerAddressMax: 5 }, random)
  const [popular, own] = [place(), place()]
  put(store, popular, { source: 'evil' })
  put(store, own, { source: 'evil' })
  put(store, popular, { source: 'good' })
  for (let i = 0; i < 50; i++) put(store, place(), { source: 'evil' })
  expect(store.get(0, popular.key)).toBeDefined()
  expect(store.get(0, own.key)).toBeUndefined()
  expect(store.size).toBe(6)
  // From then on it counts for the other, and goes with his share.
  for (let i = 0; i < 5; i++) put(store, place(), { source: 'good' })
  expect(store.get(0, popular.key)).toBeUndefined()
  expect(store.size).toBe(10)
  store.expire(ITEM_LIFETIME_MS)
  expect([store.size, store.bytes]).toEqual([0, 0])
})
