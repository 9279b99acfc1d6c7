/** A broken rule for people: what was broken, by which run, what happened around it, and the line that shows it again. */

import { commitHere } from '../oracles/commit-here.ts'
import type { OracleFailure } from '../oracles/safety.ts'
import type { Scenario, ScenarioOptions } from '../scenarios/scenario.ts'

export interface FailedRun {
  readonly scenario: Scenario
  readonly options: ScenarioOptions
  readonly failure: OracleFailure
}

export function printFailure({ scenario, options, failure }: FailedRun, isJson: boolean): void {
  const { seed, nodes, hours } = options
  const commit = commitHere()
  const replay = replayLine(scenario.name, options)
  if (isJson) {
    const { message, oracle, at, events } = failure
    const run = { scenario: scenario.name, seed, nodes, hours, commit, replay }
    process.stdout.write(`${JSON.stringify({ failed: message, oracle, at, ...run, recent: events })}\n`)
    return
  }
  const lines = [
    `BROKEN after ${(failure.at / 1_000).toFixed(3)} s: ${failure.message}`,
    `  ${scenario.name}: ${nodes} nodes, ${hours} hours, seed ${seed}, commit ${commit}`,
    ...failure.events.map((line) => `  ${line}`),
    `  again: ${replay}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

export function replayLine(name: string, { seed, nodes, hours }: ScenarioOptions): string {
  return `npm run sim -- ${name} --nodes ${nodes} --hours ${hours} --seed ${seed} --check`
}
