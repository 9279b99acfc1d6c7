import { expect, test } from 'vitest'
import { runScenario, SCENARIOS, type Scenario } from '../../src/index.ts'

/** Fixed seeds, so these figures are always the same; small, so that all take less than a minute together. */
const SMOKE: readonly (readonly [name: string, success: string])[] = [
  ['cold-start', 'success'],
  ['steady-state', 'success'],
  ['churn', 'success'],
  ['mass-departure', 'success'],
  ['partition', 'afterHealing.success'],
  ['nat-mix', 'success'],
  ['slow-network', 'success'],
  ['poisoned', 'success'],
  ['flood', 'success'],
  ['mishaps', 'success'],
]

test.each(SMOKE)('[M-13] %s: what was announced a minute before is found', (name, path) => {
  const { figures } = runScenario(SCENARIOS[name] as Scenario, { seed: 11, nodes: 60, hours: 0.02 })
  const success = path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], figures)
  expect(success).toBeGreaterThanOrEqual(0.95)
})

test('[M-16] churn: at least a fifth of those whom lookups ask are dead, and all is found', () => {
  const { figures } = runScenario(SCENARIOS['churn'] as Scenario, { seed: 11, nodes: 300, hours: 0.02 })
  expect(figures['stalledShare']).toBeGreaterThan(0.2)
  expect(figures).toMatchObject({ success: 1, failedAnnounces: 0 })
})
