import { expect, test } from 'vitest'
import { LabelledRandom } from '../../src/random/labelled-random.ts'

const words = (seed: number, label: string): number[] => {
  const random = new LabelledRandom(seed, label)
  return Array.from({ length: 8 }, () => random.uint32())
}

test('[M-2] a stream is the same for the same seed and label, and another for any other', () => {
  expect(words(1, 'host a')).toEqual(words(1, 'host a'))
  const seen = new Set<string>()
  for (let seed = 0; seed < 100; seed++) for (let i = 0; i < 100; i++) seen.add(words(seed, `host ${i}`).join())
  expect(seen.size).toBe(10_000)
})

test('[M-2] bits of a stream are even', () => {
  const random = new LabelledRandom(7, 'bits')
  const counts = new Array<number>(32).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const word = random.uint32()
    for (let bit = 0; bit < 32; bit++) counts[bit] = (counts[bit] as number) + ((word >>> bit) & 1)
  }
  for (const count of counts) expect(Math.abs(count - 5_000)).toBeLessThan(250)
})
