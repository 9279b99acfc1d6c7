import { expect, test } from 'vitest'
import { checkHistory } from '../../src/history/check-history.ts'
import { drawPlan } from '../../src/history/draw-plan.ts'
import { failureText } from '../../src/history/failure-text.ts'
import { runHistory } from '../../src/history/run-history.ts'

const SEEDS = 100

test('[H-23] a hundred histories keep every promise', { timeout: 300_000 }, () => {
  let answered = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const checked = checkHistory(seed)
    if (checked.kind === 'broken') expect.unreachable(failureText(checked))
    else answered += checked.report.completed
  }
  // Most of what is asked is answered, or there would be little to check.
  expect(answered).toBeGreaterThan(20 * SEEDS)
})

test('[H-20] one seed is one history to the last frame, another seed another', () => {
  const hashes = [11, 12, 11].map((seed) => runHistory(drawPlan(seed)).hash)
  expect(hashes[2]).toBe(hashes[0])
  expect(hashes[1]).not.toBe(hashes[0])
})
