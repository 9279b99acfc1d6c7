/**
 * `npm run sim:nightly [-- --minutes M]`: every scenario with seeds that nobody has tried, watched by the oracles, until the time is over. Ends
 * with 1 where one broke a rule; each failure says how to run it again.
 */

import { parseArgs } from 'node:util'
import { checkScenario } from '../oracles/check.ts'
import type { ScenarioOptions } from '../scenarios/scenario.ts'
import { SCENARIOS } from '../scenarios/scenarios.ts'
import { printFailure } from './print-failure.ts'

/** Small worlds, many of them: what breaks at all mostly breaks among a hundred. */
const NODES = 150
const HOURS = 0.1

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })
const end = performance.now() + Number(values.minutes) * 60_000
let seed = Date.now() % 2 ** 31
let runs = 0
while (performance.now() < end) {
  seed = (seed + 1) % 2 ** 31
  for (const scenario of Object.values(SCENARIOS)) {
    if (performance.now() >= end) break
    const options: ScenarioOptions = { nodes: NODES, hours: HOURS, seed }
    process.stdout.write(`${scenario.name}: ${NODES} nodes, ${HOURS} hours, seed ${seed}\n`)
    const result = checkScenario(scenario, options)
    runs++
    if (result.kind === 'held') continue
    printFailure({ scenario, options, failure: result.failure }, false)
    process.exitCode = 1
  }
}
process.stdout.write(`${runs} runs, the last with seed ${seed}\n`)
