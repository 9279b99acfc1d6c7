/** Histories of a federation under faults: every promise is kept in all of them. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const COMMAND = fileURLToPath(new URL('../../packages/sim/dist/cli/main.js', import.meta.url))
const SEEDS = 10_000
const SEEDS_QUICK = 100
/** Side by side: a history keeps one core busy. */
const PROCESSES = 2
/** Between two lines that say how far it is. */
const PIECE = 500

export async function acceptHistory({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const seeds = quick ? SEEDS_QUICK : SEEDS
  const pieces = Array.from({ length: Math.ceil(seeds / PIECE) }, (_, i) => i * PIECE)
  let held = 0
  const work = async (): Promise<void> => {
    for (let from = pieces.shift(); from !== undefined; from = pieces.shift()) {
      const count = Math.min(PIECE, seeds - from)
      const broken = await histories(from + 1, count, log)
      held += count - broken
      log(`seeds ${from + 1} to ${from + count}: ${broken} broken`)
    }
  }
  await Promise.all(Array.from({ length: PROCESSES }, work))
  return [atLeast(seeds, 'histories', 'in which every promise is kept', figureOf([held]))]
}

/** How many of them break a promise; each says how to see it again. */
async function histories(seed: number, count: number, log: AcceptOptions['log']): Promise<number> {
  const args = ['history', '--seed', `${seed}`, '--count', `${count}`, '--json']
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = (await text(child.stdout)).trim().split('\n')
  const end = JSON.parse(lines.at(-1) ?? '') as { readonly broken: number }
  for (const line of lines.slice(0, -1)) {
    const { failed, replay } = JSON.parse(line) as { readonly failed: string; readonly replay: string }
    log(`${failed}\n    ${replay}`)
  }
  return end.broken
}
