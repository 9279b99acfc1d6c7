import { describe, expect, test } from 'vitest'
import { CounterCrdt } from '../../src/core/crdt/counter-crdt.ts'
import { ListCrdt } from '../../src/core/crdt/list-crdt.ts'
import { MapCrdt } from '../../src/core/crdt/map-crdt.ts'
import { type GoldenCase, golden } from '../records/golden.ts'

test('[CR-2] the documents of the golden vectors have the values that tool-db gave them', () => {
  const make = { MAP: MapCrdt, LIST: ListCrdt } as const
  const cases = (golden.cases as readonly (GoldenCase & { readonly value?: unknown })[]).filter(
    ({ message }) => message.type === 'crdtPut',
  )
  expect(cases).toHaveLength(3)
  for (const { message, value } of cases) {
    const { v, c } = message.data as unknown as { v: { t: string }[]; c: 'MAP' | 'LIST' }
    const Crdt = v[0]?.t === 'ADD' ? CounterCrdt : make[c]
    expect(new Crdt('reader', v as never).value).toEqual(value)
  }
})

test('[CR-4] what has not the shape of a change counts for nothing', () => {
  const map = new MapCrdt('a')
  const list = new ListCrdt('a')
  const counter = new CounterCrdt('a')
  const bad: unknown[] = [
    null,
    1,
    'text',
    [],
    {},
    { t: 'SET', k: 1, a: 'a', i: 1, v: 1 },
    { t: 'SET', k: 'x', a: 'a', i: -1, v: 1 },
    { t: 'SET', k: 'x', a: 'a', i: 1.5, v: 1 },
    { t: 'SET', k: 'x', a: 'a', i: 2 ** 53, v: 1 },
    { t: 'INS', i: 'a', v: 1 },
    { t: 'INS', i: 'a-1', v: 1 },
    { t: 'INS', i: 'a-00000001', p: 5, v: 1 },
    { t: 'DEL', i: 'a-00000001', v: 5 },
    { t: 'ADD', v: '5', a: 'a', i: 0 },
    { t: 'ADD', v: Number.POSITIVE_INFINITY, a: 'a', i: 0 },
    { t: 'MUL', v: 5, a: 'a', i: 0 },
  ]
  for (const crdt of [map, list, counter]) {
    crdt.mergeChanges(bad as never)
    expect(crdt.getChanges()).toEqual([])
  }
  expect(map.value).toEqual({})
  expect(list.value).toEqual([])
  expect(counter.value).toBe(0)
})

describe('[CR-4] wrong use says what is wrong', () => {
  const list = new ListCrdt<unknown>('a')
  list.PUSH('only')
  test.each<[string, () => unknown]>([
    ['an index behind the end', () => list.INS('x', 2)],
    ['a negative index', () => list.DEL(-1)],
    ['no item there', () => list.DEL(1)],
    ['a sum that is none', () => new CounterCrdt('a').ADD(Number.NaN)],
    ['an infinite one', () => new CounterCrdt('a').SUB(Number.POSITIVE_INFINITY)],
    ['a value that JSON has not', () => new MapCrdt<unknown>('a').SET('k', 5n)],
    ['a key that is no text', () => new MapCrdt<unknown>('a').SET(5 as never, 5)],
    ['changes that are no list', () => list.mergeChanges({} as never)],
    ['an author that is no text', () => new ListCrdt(undefined as never)],
  ])('[CR-4] %s', (_, use) => {
    expect(use).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
  })
})

test('[CR-4] an insertion at the length of the list is put at its end; a value is taken as it is at that moment', () => {
  const list = new ListCrdt<{ n: number }>('a')
  const item = { n: 1 }
  list.PUSH(item)
  list.INS({ n: 2 }, 1)
  item.n = 99
  expect(list.value).toEqual([{ n: 1 }, { n: 2 }])
})

test('[CR-5] 100,000 changes of a few people are merged, read and gone on with in a moment', () => {
  const COUNT = 100_000
  const authors = ['ada', 'bea', 'cyd', 'dan']
  const of = (i: number): string => authors[i % 4] as string
  const numberOf = (i: number): number => Math.floor(i / 4)
  const index = (i: number): string => `${of(i)}-${String(numberOf(i)).padStart(8, '0')}`
  const listChanges = Array.from({ length: COUNT }, (_, i) => ({
    t: 'INS' as const,
    v: i,
    i: index(i),
    ...(i >= 4 && { p: index(i - 4) }),
  }))
  const mapChanges = Array.from({ length: COUNT }, (_, i) => ({
    t: 'SET' as const,
    k: `key ${i % 5_000}`,
    a: of(i),
    v: i,
    i: Math.floor(i / 5_000) + 1,
  }))
  const counterChanges = Array.from({ length: COUNT }, (_, i) => ({
    t: 'ADD' as const,
    v: 1,
    a: of(i),
    i: numberOf(i),
  }))
  const list = new ListCrdt<number>('bea', listChanges)
  const map = new MapCrdt<number>('bea', mapChanges)
  const counter = new CounterCrdt('bea', counterChanges)
  for (let i = 0; i < 1_000; i++) {
    list.PUSH(i)
    map.SET(`key ${i}`, -1)
    counter.ADD(1)
    expect(counter.value).toBe(COUNT + i + 1)
  }
  expect(list.value).toHaveLength(COUNT + 1_000)
  expect(list.value.slice(-3)).toEqual([997, 998, 999])
  expect(map.value['key 999']).toBe(-1)
  // Merging what is known already, with one change that is not.
  const fresh = { t: 'INS' as const, v: -5, i: 'zoe-00000000', p: index(COUNT - 1) }
  list.mergeChanges([...listChanges, fresh])
  expect(list.value).toContain(-5)
  expect(list.getChanges()).toHaveLength(COUNT + 1_001)
})

test('[CR-5] so are those that come the newest first, as whoever likes may send them', () => {
  const COUNT = 300_000
  const changes = Array.from({ length: COUNT }, (_, i) => ({ t: 'SET' as const, k: 'k', a: 'ada', v: i, i: COUNT - i }))
  const map = new MapCrdt<number>('bea', changes)
  map.SET('k', -1)
  expect(map.value).toEqual({ k: -1 })
  expect(map.getChanges()[0]).toEqual(changes.at(-1))
})
