import { expect, test } from 'vitest'
import { TokenBucket, TokenBuckets } from '../../../src/core/rpc/token-bucket.ts'

const RATE = { perSecond: 2, burst: 3 }

test('[D-16] a bucket gives its burst, then its rate', () => {
  const bucket = new TokenBucket(RATE, 0)
  expect([1, 2, 3, 4].map(() => bucket.take(RATE, 0))).toEqual([true, true, true, false])
  expect(bucket.take(RATE, 499)).toBe(false)
  expect(bucket.take(RATE, 501)).toBe(true)
  expect([1, 2, 3, 4].map(() => bucket.take(RATE, 60_000))).toEqual([true, true, true, false])
})

test('[D-54] a reservation says how long to wait, and can be given back', () => {
  const bucket = new TokenBucket(RATE, 0)
  expect([1, 2, 3, 4, 5].map(() => bucket.reserve(RATE, 0))).toEqual([0, 0, 0, 500, 1_000])
  bucket.giveBack()
  expect(bucket.reserve(RATE, 0)).toBe(1_000)
})

test('[D-16] buckets are bounded, oldest out', () => {
  const buckets = new TokenBuckets(RATE, 10)
  for (let i = 0; i < 1_000; i++) buckets.of(`key-${i}`, 0)
  expect(buckets.size).toBe(10)
})

test('[D-16] a bucket that is full again is forgotten, one that is not is kept', () => {
  const buckets = new TokenBuckets(RATE, 10)
  for (const key of ['used', 'seen']) buckets.of(key, 0)
  for (let i = 0; i < 7; i++) buckets.of('used', 0).reserve(RATE, 0)
  expect(buckets.of('used', 1_900).take(RATE, 1_900)).toBe(false)
  // Its generation has ended by now, and it still lacks one of three.
  expect([1, 2].map(() => buckets.of('used', 3_100).take(RATE, 3_100))).toEqual([true, true])
  expect(buckets.of('used', 3_100).take(RATE, 3_100)).toBe(false)
  expect(buckets.size).toBe(2)
  for (let now = 4_000; now <= 7_000; now += 1_000) buckets.of('used', now)
  expect(buckets.size).toBe(1)
  buckets.of('other', 20_000)
  expect(buckets.size).toBe(1)
})
