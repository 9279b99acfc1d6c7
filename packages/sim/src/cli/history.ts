/** `npm run sim -- history --seed S [--count N]`: histories of a federation under faults, each checked, and shrunk where a promise is broken. */

import { parseArgs } from 'node:util'
import { checkHistory } from '../history/check-history.ts'
import { failureJson, failureText } from '../history/failure-text.ts'
import type { Choice } from '../history/shrink.ts'
import { Progress } from './progress.ts'

const HELP = `npm run sim -- history [--seed S] [--count N] [--json]

Runs servers, clients and hostile peers of the database through partitions, crashes and lies, and checks every promise of docs/consistency.md.

  --seed S       a whole number; the same seed gives the same history (default 1; \`random\` draws one)
  --count N      so many seeds, from S on (default 1)
  --steps I,J    of the steps of the history only these, as a failure names them
  --without A,B  these hosts do not exist
  --fail-fast    end with the first that fails, as it is
  --json         one JSON object for each seed that fails, and one at the end
`

export function historyCommand(args: string[]): number {
  let options: ReturnType<typeof parse>
  try {
    options = parse(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}; see --help\n`)
    return 2
  }
  if (options.help) {
    process.stdout.write(HELP)
    return 0
  }
  return run(options)
}

function parse(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '1' },
      steps: { type: 'string' },
      without: { type: 'string', default: '' },
      'fail-fast': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const seed = values.seed === 'random' ? Date.now() % 2 ** 31 : wholeNumber('--seed', values.seed)
  const steps =
    values.steps === undefined ? undefined : listOf(values.steps).map((text) => wholeNumber('--steps', text))
  const choice: Choice = { steps, without: listOf(values.without) }
  return {
    seed,
    count: wholeNumber('--count', values.count),
    choice,
    isFast: values['fail-fast'],
    json: values.json,
    help: values.help,
  }
}

function run({ seed: first, count, choice, isFast, json }: ReturnType<typeof parse>): number {
  const progress = new Progress(!json && process.stderr.isTTY === true)
  const began = performance.now()
  let broken = 0
  let operations = 0
  for (let seed = first; seed < first + count; seed++) {
    progress.show('histories', (seed - first) / count)
    const checked = checkHistory(seed, { choice, isShrunk: !isFast })
    if (checked.kind === 'held') operations += checked.report.completed
    else {
      broken++
      progress.end()
      process.stdout.write(json ? `${JSON.stringify(failureJson(checked))}\n` : failureText(checked))
    }
    if (isFast && broken > 0) break
    if (count === 1 && checked.kind === 'held' && !json) process.stdout.write(`held, hash ${checked.report.hash}\n`)
  }
  progress.end()
  const seconds = (performance.now() - began) / 1_000
  const last = first + count - 1
  if (json) process.stdout.write(`${JSON.stringify({ first, last, broken, operations, seconds })}\n`)
  else
    process.stdout.write(
      `seeds ${first} to ${last}: ${broken} broken, ${operations} operations answered, ${seconds.toFixed(1)} s\n`,
    )
  return broken === 0 ? 0 : 1
}

function listOf(text: string): string[] {
  return text.split(',').filter((part) => part !== '')
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (text === '' || !Number.isSafeInteger(value) || value < 0)
    throw new Error(`${name} wants whole numbers, not ${text}`)
  return value
}
