import { expect, test } from 'vitest'
import { checkScenario } from '../../src/oracles/check.ts'
import { lyingEntrance } from '../../src/scenarios/closed-entrance.ts'
import { crowdedStores } from '../../src/scenarios/crowded-stores.ts'
import type { Scenario } from '../../src/scenarios/scenario.ts'
import { stolenTokens } from '../../src/scenarios/stolen-tokens.ts'

function figuresOf(scenario: Scenario, nodes: number) {
  const checked = checkScenario(scenario, { seed: 1, nodes, hours: scenario.defaults.hours })
  if (checked.kind === 'broken') throw checked.failure
  return checked.report.figures
}

test('[M-55] write tokens that were stolen, or kept too long, are taken by nobody', () => {
  const { stolen, tried, accepted } = figuresOf(stolenTokens, 30)
  expect(stolen).toBeGreaterThan(25)
  expect(tried).toBeGreaterThan(100)
  expect(accepted).toBe(0)
})

test('[M-51, M-54, M-56] stores that are too small stay within their bounds, and forget in time', () => {
  const { peersFoundAtOnce, peersFoundLater, amplification } = figuresOf(crowdedStores, 40)
  expect(peersFoundAtOnce).toBeGreaterThan(30)
  expect(peersFoundLater).toBe(0)
  expect(amplification).toBeLessThanOrEqual(6)
})

test('[D-231] where all bootstrap nodes lie, one comes in by the state file; whoever has none, as soon as an honest one is back', () => {
  const { success, newcomers, inBefore, inAfter } = figuresOf(lyingEntrance, 150)
  expect(success).toBe(1)
  expect(inBefore).toBe(0)
  expect(inAfter).toBe(newcomers)
})
