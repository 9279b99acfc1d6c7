/** The tests of `test/fakes` with many seeds: what they print is the figure. */
import { runTests } from './test-run.ts'

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
  const told = await runTests<Told>(['test/fakes', '-t', `\\[${rule}\\]`], { SHOAL_FAKES_SEEDS: String(seeds) })
  for (const { name, p50, worst } of told) log(`${name}: p50 ${p50} ms, worst ${worst} ms`)
  return (name) => {
    const found = told.find((each) => each.name === name)
    if (found === undefined) throw new Error(`nothing was told of ${name}`)
    return found.p99 / 1_000
  }
}
