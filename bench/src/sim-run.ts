/** One run of a scenario of the simulator, in a process of its own: `npm run sim` with `--json`. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const COMMAND = fileURLToPath(new URL('../../packages/sim/dist/cli/main.js', import.meta.url))
/** What `npm run sim` sets: datagrams under way then die young. */
const FLAGS = ['--max-semi-space-size=64']

export interface SimRun {
  readonly hash: string
  readonly events: number
  readonly seconds: number
  readonly megabytes: number
  /** A figure by its path, as in `firstPeerMs.p50`; not a number where there is none. */
  readonly figure: (path: string) => number
}

export async function simulate(
  scenario: string,
  { nodes, hours, seed }: { nodes: number; hours: number; seed: number },
): Promise<SimRun> {
  const args = [scenario, '--nodes', String(nodes), '--hours', String(hours), '--seed', String(seed), '--json']
  const child = spawn(process.execPath, [...FLAGS, COMMAND, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve))
  const out = await text(child.stdout)
  if ((await ended) !== 0) throw new Error(`npm run sim -- ${args.join(' ')} failed`)
  const { hash, events, seconds, megabytes, figures } = JSON.parse(out)
  const figure = (path: string): number => {
    const value = path.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], figures)
    return typeof value === 'number' ? value : Number.NaN
  }
  return { hash, events, seconds, megabytes, figure }
}
