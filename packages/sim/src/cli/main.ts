/** `npm run sim -- NAME --nodes N --hours H --seed S`: runs a scenario and prints what came of it. */

import { parseArgs } from 'node:util'
import { type Checked, checkScenario } from '../oracles/check.ts'
import { runScenario, type Scenario, type ScenarioOptions, type ScenarioReport } from '../scenarios/scenario.ts'
import { SCENARIOS } from '../scenarios/scenarios.ts'
import { historyCommand } from './history.ts'
import { printFailure } from './print-failure.ts'
import { printReport } from './print-report.ts'
import { Progress } from './progress.ts'

function help(): string {
  const list = Object.values(SCENARIOS).map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`)
  return [
    'npm run sim -- SCENARIO [--nodes N] [--hours H] [--seed S] [--check] [--json]',
    '',
    'Runs real DHT engines in a world of their own, repeatable by its seed.',
    '',
    ...list,
    '',
    '  history          servers, clients and hostile peers of the database instead: npm run sim -- history --help',
    '',
    "  --nodes N   how many nodes (default: the scenario's own)",
    '  --hours H   virtual hours, may be a fraction',
    '  --seed S    a whole number; the same seed gives the same run (default 1; `random` draws one)',
    '  --check     watch every step with oracles, and look whether the network is whole once the faults are over',
    '  --json      one JSON object on stdout and nothing else',
    '',
  ].join('\n')
}

function usage(sentence: string): never {
  process.stderr.write(`${sentence}\n`)
  process.exit(2)
}

function main(): void {
  const [command, ...rest] = process.argv.slice(2)
  if (command === 'history') {
    process.exitCode = historyCommand(rest)
    return
  }
  const { values, positionals } = parse()
  const [name] = positionals
  if (values.help === true || name === undefined) {
    process.stdout.write(help())
    process.exit(values.help === true ? 0 : 2)
  }
  const scenario: Scenario | undefined = SCENARIOS[name]
  if (scenario === undefined) usage(`no scenario is called ${name}: choose from ${Object.keys(SCENARIOS).join(', ')}`)
  const nodes = numberOf('--nodes', values.nodes, scenario.defaults.nodes, 1)
  const hours = numberOf('--hours', values.hours, scenario.defaults.hours, 0)
  const seed = values.seed === 'random' ? Date.now() % 2 ** 31 : numberOf('--seed', values.seed, 1, 0)
  if (!Number.isInteger(nodes) || !Number.isInteger(seed)) usage('--nodes and --seed are whole numbers')
  const isJson = values.json === true
  if (!isJson) process.stdout.write(`${name}: ${nodes} nodes, ${hours} hours, seed ${seed}\n`)
  const progress = new Progress(!isJson && process.stderr.isTTY === true)
  const began = performance.now()
  const options: ScenarioOptions = { nodes, hours, seed, onProgress: (stage, share) => progress.show(stage, share) }
  const result = values.check === true ? checkScenario(scenario, options) : held(runScenario(scenario, options))
  progress.end()
  if (result.kind === 'broken') {
    printFailure({ scenario, options, failure: result.failure }, isJson)
    process.exitCode = 1
    return
  }
  const { report } = result
  const seconds = (performance.now() - began) / 1_000
  const megabytes = process.memoryUsage().rss / 2 ** 20
  if (isJson) process.stdout.write(`${JSON.stringify({ ...report, seconds, megabytes })}\n`)
  else printReport(report, { seconds, megabytes })
}

function held(report: ScenarioReport): Checked {
  return { kind: 'held', report }
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        nodes: { type: 'string' },
        hours: { type: 'string' },
        seed: { type: 'string' },
        check: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    usage(`${error instanceof Error ? error.message : String(error)}; see --help`)
  }
}

function numberOf(name: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (text === '' || !Number.isFinite(value) || value < least)
    usage(`${name} wants a number of ${least} or more, not ${text}`)
  return value
}

main()
