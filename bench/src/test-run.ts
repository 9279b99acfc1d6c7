/** Tests of the repository that print figures, each as one line of JSON that begins with its name. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ROOT } from './shoal-process.ts'

/** Rejects where one of them fails. */
export async function runTests<T>(which: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<T[]> {
  const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...which], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const told: T[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('{"name"')) told.push(JSON.parse(line) as T)
  }
  const [code] = await exit
  if (code !== 0) throw new Error(`a test failed: run npx vitest run ${which.join(' ')}`)
  return told
}
