/** One process at a time: the lock is a file that holds the number of the process that has it. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs'

/** `busy` makes what is thrown where another running process has it. One whose process is gone is taken over. */
export async function whileLocked<T>(
  path: string,
  busy: (holder: number, path: string) => Error,
  work: () => Promise<T>,
): Promise<T> {
  if (!create(path)) {
    const holder = holderOf(path)
    if (holder !== undefined && isRunning(holder)) throw busy(holder, path)
    rmSync(path, { force: true })
    if (!create(path)) throw busy(holderOf(path) ?? 0, path)
  }
  const release = (): void => rmSync(path, { force: true })
  // A command whose time is over ends in the middle of it.
  process.once('exit', release)
  try {
    return await work()
  } finally {
    process.off('exit', release)
    release()
  }
}

/** False where it is there already. Throws as the system does. */
function create(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function holderOf(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
