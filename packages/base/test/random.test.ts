import { expect, test } from 'vitest'
import { backoffDelay, jittered, randomBelow, seededRandom, systemRandom } from '../src/index.ts'

test('[B-6] a seed gives the same randomness twice, another seed another', () => {
  const draw = (seed: number): string => seededRandom(seed).bytes(64).join()
  expect(draw(1)).toBe(draw(1))
  expect(draw(1)).not.toBe(draw(2))
  expect(draw(0)).not.toBe(draw(1))
})

test('[B-6] every byte value comes up about equally often, seeded and from the system', () => {
  for (const random of [seededRandom(7), systemRandom()]) {
    const counts = new Array<number>(256).fill(0)
    for (const byte of random.bytes(256 * 400)) counts[byte] = (counts[byte] as number) + 1
    // Chi-squared with 255 degrees of freedom: beyond 400 the chance is under one in ten million.
    expect(counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0)).toBeLessThan(400)
  }
})

test('[B-6] system randomness never hands the same bytes out twice, over block borders and for long requests', () => {
  const random = systemRandom()
  const seen = new Set<string>()
  for (let i = 0; i < 500; i++) seen.add(random.bytes(20).join())
  for (let i = 0; i < 3; i++) seen.add(random.bytes(70_000).join())
  expect(seen.size).toBe(503)
  expect(
    random
      .bytes(70_000)
      .subarray(65_536)
      .some((byte) => byte !== 0),
  ).toBe(true)
})

test('[B-6] a number below a bound is below it, and every one is reached', () => {
  const random = seededRandom(3)
  const seen = new Set<number>()
  for (let i = 0; i < 1_000; i++) seen.add(randomBelow(random, 7))
  expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('[B-7] back-off doubles from first to most, each wait spread over 50 to 150 percent', () => {
  const random = seededRandom(5)
  const backoff = { first: 1_000, most: 60_000 }
  for (const [failures, wait] of [
    [1, 1_000],
    [2, 2_000],
    [5, 16_000],
    [7, 60_000],
    [1_000_000, 60_000],
  ] as const) {
    const delays = Array.from({ length: 200 }, () => backoffDelay(backoff, failures, random))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(wait * 0.5)
    expect(Math.max(...delays)).toBeLessThanOrEqual(wait * 1.5)
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(wait * 0.8)
  }
  expect(jittered(100, 0, random)).toBe(100)
})
