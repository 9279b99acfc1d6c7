import { expect, test } from 'vitest'
import { RttEstimator } from '../../../src/core/rpc/rtt-estimator.ts'

test('[D-51] patience follows the round trips measured', () => {
  const rtt = new RttEstimator()
  const before = rtt.timeout()
  for (let i = 0; i < 50; i++) rtt.add(100)
  expect(rtt.smoothed).toBeCloseTo(100, 0)
  expect(rtt.timeout()).toBeLessThan(before)
  expect(rtt.timeout()).toBeGreaterThanOrEqual(100)
  const steady = rtt.timeout()
  for (let i = 0; i < 50; i++) rtt.add(i % 2 === 0 ? 50 : 400)
  expect(rtt.timeout()).toBeGreaterThan(steady)
})

test('[D-51] patience has bounds, however fast or slow the answers', () => {
  const fast = new RttEstimator()
  const slow = new RttEstimator()
  for (let i = 0; i < 50; i++) {
    fast.add(0.1)
    slow.add(60_000)
  }
  expect(fast.timeout()).toBe(30)
  expect(slow.timeout()).toBe(2_000)
})
