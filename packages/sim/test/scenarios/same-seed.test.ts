import { expect, test } from 'vitest'
import { runScenario, SCENARIOS, type Scenario } from '../../src/index.ts'

test('[M-1] one seed gives one hash, after other worlds too; another seed gives another', () => {
  const scenario = SCENARIOS['cold-start'] as Scenario
  const run = (seed: number) => runScenario(scenario, { seed, nodes: 40, hours: 0.01 })
  const first = run(1)
  const other = run(2)
  const again = run(1)
  expect(first.events).toBeGreaterThan(1_000)
  expect(again).toEqual(first)
  expect(other.hash).not.toBe(first.hash)
})
