/** `npm start` on a built clone: the whole story, and an exit by itself. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { figureOf } from './figures.ts'
import { ROOT } from './shoal-process.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_S = 60

export async function acceptStart({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const seconds: number[] = []
  for (let run = 0; run < (quick ? 1 : 3); run++) {
    const start = performance.now()
    const child = spawn('npm', ['start', '--silent'], { cwd: ROOT, stdio: 'ignore', timeout: 2 * BOUND_S * 1000 })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`npm start ended with ${code}`)
    seconds.push((performance.now() - start) / 1000)
    log(`start: ${seconds.at(-1)?.toFixed(1)} s`)
  }
  return [atMost(BOUND_S, 's', 'npm start, from beginning to end', figureOf(seconds))]
}
