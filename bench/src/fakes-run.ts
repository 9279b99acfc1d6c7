/** The tests of `test/fakes` with many seeds: what they print is the figure. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ROOT } from './shoal-process.ts'

interface Told {
  readonly name: string
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

/** Runs the tests that carry this rule; gives the 99th percentile, in seconds, of each world by its name. */
export async function runFakes(
  rule: string,
  seeds: number,
  log: (line: string) => void,
): Promise<(name: string) => number> {
  const args = ['run', '--maxWorkers=1', 'test/fakes', '-t', `\\[${rule}\\]`]
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
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
  for (const { name, p50, worst } of told) log(`${name}: p50 ${p50} ms, worst ${worst} ms`)
  return (name) => {
    const found = told.find((each) => each.name === name)
    if (found === undefined) throw new Error(`nothing was told of ${name}`)
    return found.p99 / 1_000
  }
}
