/** The tests of `test/fakes` with many seeds, or many sockets: what they print is the figure. */
import { runTests } from './test-run.ts'

interface Told {
  readonly name: string
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

interface SocketsTold {
  readonly name: string
  readonly sessionsFlooded: number
  readonly ms: number
}

/** Runs the tests that carry this rule; gives the 99th percentile, in seconds, of each world by its name. */
export async function runFakes(
  rule: string,
  seeds: number,
  log: (line: string) => void,
): Promise<(name: string) => number> {
  const told = await runTests<Told>(['test/fakes/fakes.test.ts', '-t', `\\[${rule}\\]`], {
    SHOAL_FAKES_SEEDS: String(seeds),
  })
  for (const { name, p50, worst } of told) log(`${name}: p50 ${p50} ms, worst ${worst} ms`)
  return (name) => {
    const found = told.find((each) => each.name === name)
    if (found === undefined) throw new Error(`nothing was told of ${name}`)
    return found.p99 / 1_000
  }
}

/** On real sockets, while the server is flooded; gives how long it took to connect it, in seconds. */
export async function runSocketFakes(rule: string, fakes: number, log: (line: string) => void): Promise<number> {
  const which = ['test/fakes/sockets.node.test.ts', '-t', `\\[${rule}\\]`]
  const [told] = await runTests<SocketsTold>(which, { SHOAL_FAKES_SOCKETS: String(fakes) })
  if (told === undefined) throw new Error('nothing was told of the sockets')
  log(`${fakes} on real sockets: ${Math.round(told.ms)} ms, ${told.sessionsFlooded} sessions of others meanwhile`)
  return told.ms / 1_000
}
