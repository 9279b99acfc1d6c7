/**
 * A thousand peers announced on a topic that are none (dead, silent, of another topic, impostors), 64 dials at once, one second each:
 * how soon the one genuine server is connected. In virtual time, by the tests' own world, with many seeds.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { figureOf } from './figures.ts'
import { ROOT } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const SEEDS = { quick: 10, whole: 100 }
const FAKES = 1_000
const DIALS = 64
/** Beside the dials, for the look-ups that show the genuine one at last. */
const LOOKUPS_S = 10

interface Told {
  readonly name: string
  readonly seeds: number
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

export async function acceptFakes({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const seeds = quick ? SEEDS.quick : SEEDS.whole
  const told = await run(seeds)
  for (const { name, p50, worst } of told) log(`${name}: p50 ${p50} ms, worst ${worst} ms`)
  const of = (name: string): number => {
    const found = told.find((each) => each.name === name)
    if (found === undefined) throw new Error(`nothing was told of ${name}`)
    return found.p99 / 1_000
  }
  const bound = FAKES / DIALS + LOOKUPS_S
  return [
    atMost(5, 's', `fakes in 20 networks, p99 of ${seeds} seeds`, figureOf([of('twenty networks')])),
    atMost(bound, 's', `each fake in a network of its own, p99 of ${seeds} seeds`, figureOf([of('a network each')])),
  ]
}

async function run(seeds: number): Promise<Told[]> {
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', 'test/fakes'], {
    cwd: ROOT,
    env: { ...process.env, SHOAL_FAKES_SEEDS: String(seeds) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const told: Told[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{"name"')) told.push(JSON.parse(line) as Told)
  }
  const [code] = await exit
  if (code !== 0) throw new Error('a fake was connected, or the genuine server was not: run npx vitest run test/fakes')
  return told
}
