import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkScenario } from '../../src/oracles/check.ts'
import { SCENARIOS } from '../../src/scenarios/scenarios.ts'

interface KeptSeed {
  readonly name: string
  readonly scenario: string
  readonly nodes: number
  readonly hours: number
  readonly seed: number
  readonly reason: string
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

  test.for(kept)('$name: $reason', { timeout: 120_000 }, ({ scenario, nodes, hours, seed }) => {
    const options = { nodes, hours, seed }
    const checked = checkScenario(SCENARIOS[scenario] as (typeof SCENARIOS)[string], options)
    expect(checked.kind === 'held' ? 'held' : checked.failure.message).toBe('held')
  })
})
