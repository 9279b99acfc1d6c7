/**
 * `npm run sim:nightly [-- --minutes M]`: every scenario with seeds that nobody has tried, watched by the oracles, and behind each of them
 * histories of the database, until the time is over. Ends with 1 where a rule was broken; each failure says how to run it again.
 */

import { parseArgs } from 'node:util'
import { checkHistory } from '../history/check-history.ts'
import { failureText } from '../history/failure-text.ts'
import { checkScenario } from '../oracles/check.ts'
import type { Scenario, ScenarioOptions } from '../scenarios/scenario.ts'
import { SCENARIOS } from '../scenarios/scenarios.ts'
import { printFailure } from './print-failure.ts'

/** Small worlds, many of them: what breaks at all mostly breaks among a hundred. */
const NODES = 150
const HOURS = 0.1

/** They take about as long as a scenario. */
const HISTORIES = 100
const SEEDS = 2 ** 31

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })
const end = performance.now() + Number(values.minutes) * 60_000
const first = Date.now() % SEEDS
let runs = 0
let histories = 0
for (let seed = first; performance.now() < end; seed = (seed + 1) % SEEDS) {
  for (const scenario of Object.values(SCENARIOS)) {
    if (performance.now() >= end) break
    runScenarioOf(seed, scenario)
    runHistories()
  }
}
process.stdout.write(`${runs} runs of scenarios, ${histories} histories, from seed ${first} on\n`)

function runScenarioOf(seed: number, scenario: Scenario): void {
  const options: ScenarioOptions = { nodes: NODES, hours: HOURS, seed }
  process.stdout.write(`${scenario.name}: ${NODES} nodes, ${HOURS} hours, seed ${seed}\n`)
  const result = checkScenario(scenario, options)
  runs++
  if (result.kind === 'held') return
  printFailure({ scenario, options, failure: result.failure }, false)
  process.exitCode = 1
}

function runHistories(): void {
  for (let i = 0; i < HISTORIES && performance.now() < end; i++) {
    const checked = checkHistory((first + histories) % SEEDS)
    histories++
    if (checked.kind === 'held') continue
    process.stdout.write(failureText(checked))
    process.exitCode = 1
  }
}
