import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkScenario } from '../../src/oracles/check.ts'
import { type Figures, runScenario, type Scenario } from '../../src/scenarios/scenario.ts'
import { SCENARIOS } from '../../src/scenarios/scenarios.ts'

interface KeptSeed {
  readonly name: string
  readonly scenario: string
  readonly nodes: number
  readonly hours: number
  readonly seed: number
  readonly reason: string
  /** Figures of the run, where it was these that were wrong and no oracle broke it off. */
  readonly expects?: Figures
}

const kept = JSON.parse(readFileSync(new URL('../../seeds.json', import.meta.url), 'utf8')) as readonly KeptSeed[]

describe('[M-59] runs that failed once', () => {
  test('each has a name, a reason and a scenario', () => {
    expect(new Set(kept.map(({ name }) => name)).size).toBe(kept.length)
    for (const { reason, scenario } of kept) {
      expect(reason).not.toBe('')
      expect(Object.keys(SCENARIOS)).toContain(scenario)
    }
  })

  test.for(kept)('$name: $reason', { timeout: 120_000 }, ({ scenario: name, nodes, hours, seed, expects }) => {
    const options = { nodes, hours, seed }
    const scenario = SCENARIOS[name] as Scenario
    if (expects !== undefined) {
      expect(runScenario(scenario, options).figures).toMatchObject(expects)
      return
    }
    const checked = checkScenario(scenario, options)
    expect(checked.kind === 'held' ? 'held' : checked.failure.message).toBe('held')
  })
})
