import { HOUR, MINUTE } from '@shoal/base'
import { expect, test } from 'vitest'
import { MEAN_SESSION_MS, residualSession, SESSION_LENGTH, sessionLength } from '../../src/churn/session-lengths.ts'
import { percentile } from '../../src/dht/statistics.ts'
import { weibullQuantile } from '../../src/random/distributions.ts'
import { LabelledRandom } from '../../src/random/labelled-random.ts'

const sorted = (draw: (random: LabelledRandom) => number): number[] => {
  const random = new LabelledRandom(1, 'sessions')
  return Array.from({ length: 20_000 }, () => draw(random)).sort((a, b) => a - b)
}

test('[M-12] sessions are as measured on Mainline: half shorter than 200 minutes, 3% longer than 9,000', () => {
  expect(weibullQuantile(SESSION_LENGTH, 0.5) / MINUTE).toBeCloseTo(200, 0)
  expect(weibullQuantile(SESSION_LENGTH, 0.03) / MINUTE / 9_000).toBeCloseTo(1, 2)
  const drawn = sorted(sessionLength)
  expect(percentile(drawn, 0.5) / MINUTE / 200).toBeCloseTo(1, 1)
  expect(percentile(drawn, 0.97) / MINUTE / 9_000).toBeCloseTo(1, 0)
})

test('[M-12] whoever is here already stays longer than who comes, since long sessions are met more often', () => {
  expect(MEAN_SESSION_MS / HOUR).toBeCloseTo(22, 0)
  const residual = sorted(residualSession)
  expect(percentile(residual, 0.5)).toBeGreaterThan(5 * percentile(sorted(sessionLength), 0.5))
  // Of those who are here as many leave in an hour as of those who come, in theory: 78% of what a constant rate would have.
  const leaving = residual.filter((ms) => ms < HOUR).length / residual.length
  expect(leaving / (HOUR / MEAN_SESSION_MS)).toBeCloseTo(0.78, 1)
})
