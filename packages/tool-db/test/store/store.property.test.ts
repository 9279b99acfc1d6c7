import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareKeys, isInRange, prefixRange } from '../../src/store/key-order.ts'
import { LevelDbStore } from '../../src/store/leveldb.ts'
import { MemoryStore } from '../../src/store/memory.ts'
import { SortedKeys } from '../../src/store/sorted-keys.ts'
import { ABSENT, type Store, type Write } from '../../src/store/store.ts'
import { temporaryDirectories } from './temporary-directory.ts'

const newDirectory = temporaryDirectories()
/** Few different characters, so that keys collide, share prefixes and cross the surrogates. */
const key = fc.string({
  unit: fc.constantFrom('\u0001', 'a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'),
  minLength: 1,
  maxLength: 4,
})

test('[ST-10] the order of keys is that of their UTF-8 bytes', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 1_000 },
  )
})

test('[ST-12] a key is in the range of a prefix exactly where it begins with it', () => {
  fc.assert(
    fc.property(key, key, (prefix, other) => {
      expect(isInRange(prefixRange(prefix), other)).toBe(other.startsWith(prefix))
      expect(isInRange(prefixRange(prefix), prefix + other)).toBe(true)
    }),
    { numRuns: 1_000 },
  )
  expect(prefixRange('\u{10ffff}')).toEqual({ from: '\u{10ffff}' })
})

test('[ST-13] sorted keys are a sorted set, however many', () => {
  const operation = fc.record({ add: fc.boolean(), key: fc.nat(3_000).map((n) => `k${n}`) })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 3_000, size: 'max' }), key, (operations, from) => {
      const keys = new SortedKeys()
      const model = new Set<string>()
      for (const step of operations) {
        if (step.add) expect(keys.add(step.key)).toBe(!model.has(step.key))
        else expect(keys.delete(step.key)).toBe(model.has(step.key))
        if (step.add) model.add(step.key)
        else model.delete(step.key)
      }
      expect([...keys.from('')]).toEqual([...model].sort())
      expect([...keys.from(from)]).toEqual([...model].sort().filter((one) => compareKeys(one, from) >= 0))
    }),
    { numRuns: 30 },
  )
})

test('[ST-5] memory and LevelDB give the same answers to the same commits and scans', async () => {
  const write: fc.Arbitrary<Write> = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), key, value: fc.constantFrom('', '\u0000', '1', '"é😀"') }),
    fc.record({ kind: fc.constant('delete' as const), key }),
  )
  const commit = fc.record({
    batch: fc.array(write, { maxLength: 4 }),
    expect: fc.array(fc.tuple(key, fc.boolean()), { maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(commit, { maxLength: 15 }),
      key,
      fc.integer({ min: 1, max: 5 }),
      async (commits, prefix, limit) => {
        const level = new LevelDbStore(join(newDirectory(), 'db'))
        const stores: Store[] = [new MemoryStore(), level]
        for (const { batch, expect: expected } of commits) {
          const results = stores.map(async (store) => {
            const rows = await store.readMany(expected.map(([name]) => name))
            const versions = expected.map(([name, asItIs], i): [string, string] => [
              name,
              asItIs ? (rows[i]?.version ?? ABSENT) : 'something else',
            ])
            return store.commit(batch, new Map(versions), 'memory')
          })
          const [memory, onDisk] = await Promise.all(results)
          expect(onDisk).toEqual(memory)
        }
        for (const range of [prefixRange(''), prefixRange(prefix)]) {
          const [memory, onDisk] = await Promise.all(stores.map((store) => store.scan(range, { limit, after: prefix })))
          expect(onDisk).toEqual(memory)
        }
        await level.close()
      },
    ),
    { numRuns: 40 },
  )
})
