/** Runs a scenario under all oracles: safety at every step, liveness once it is over. */

import { assert } from '@shoal/base'
import { runScenario, type Scenario, type ScenarioOptions, type ScenarioReport } from '../scenarios/scenario.ts'
import type { World } from '../world/world.ts'
import { checkLiveness } from './liveness.ts'
import { OracleFailure, Safety } from './safety.ts'

export type Checked =
  | { readonly kind: 'held'; readonly report: ScenarioReport }
  | { readonly kind: 'broken'; readonly failure: OracleFailure }

export function checkScenario(scenario: Scenario, options: ScenarioOptions): Checked {
  let world: World | undefined
  const watch = (made: World): Safety => {
    world = made
    return new Safety(made)
  }
  try {
    const report = runScenario(scenario, { ...options, observers: [...(options.observers ?? []), watch] })
    assert(world !== undefined, 'a scenario tells its observers of its world')
    options.onProgress?.('faults are over', 0)
    checkLiveness(world)
    return { kind: 'held', report }
  } catch (error) {
    if (error instanceof OracleFailure) return { kind: 'broken', failure: error }
    throw error
  }
}
