import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PrefixIndex } from '../../src/core/node/prefix-index.ts'

// Few letters, one of them half a pair, so that prefixes share beginnings.
const text = fc.string({ unit: fc.constantFrom('a', 'b', '\ud83d', '.'), maxLength: 6 })

test('[T-54] whatever prefixes come and go, a key finds those that it begins with, the shortest first, and no others', () => {
  const step = fc.record({ isAdd: fc.boolean(), prefix: text, value: fc.nat(2) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(text, { maxLength: 8 }), (steps, keys) => {
      const index = new PrefixIndex<number>()
      const model = new Map<string, Set<number>>()
      const check = (): void => {
        expect(index.size).toBe(model.size)
        for (const key of keys) {
          const wanted = [...model].filter(([prefix]) => key.startsWith(prefix)).sort(([a], [b]) => a.length - b.length)
          expect([...index.matches(key)]).toEqual(wanted.flatMap(([, values]) => [...values]))
          expect(index.hasMatch(key)).toBe(wanted.length > 0)
        }
      }
      for (const { isAdd, prefix, value } of steps) {
        const held = model.get(prefix)
        if (isAdd) {
          index.add(prefix, value)
          if (held === undefined) model.set(prefix, new Set([value]))
          else held.add(value)
        } else {
          index.remove(prefix, value)
          held?.delete(value)
          if (held?.size === 0) model.delete(prefix)
        }
        check()
      }
      for (const [prefix, values] of [...model]) for (const value of [...values]) index.remove(prefix, value)
      model.clear()
      check()
    }),
    { numRuns: 300 },
  )
})
