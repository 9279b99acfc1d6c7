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
