/** Databases on loopback, closed after each test whatever happens in it. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AllOptions } from '../../src/options.ts'
import { ToolDb } from '../../src/tool-db.ts'

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-face-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

export async function started(options: Partial<AllOptions> = {}): Promise<ToolDb> {
  const db = new ToolDb({ topic: 'face', wait: 100, ...options })
  onTestFinished(() => db.close())
  await db.ready
  return db
}

export function server(options: Partial<AllOptions> = {}): Promise<ToolDb> {
  return started({ server: true, port: 0, bind: '127.0.0.1', store: 'memory', ...options })
}

export function placeOf(db: ToolDb): { host: string; port: number } {
  const { address } = db
  if (address === undefined) throw new Error('this database does not listen')
  return { host: '127.0.0.1', port: address.port }
}

/** Resolves when so many peers are connected. */
export async function connected(db: ToolDb, count = 1): Promise<void> {
  await until(() => db.peers.length >= count)
}

/** Waits for something that comes; the time-out only keeps a test from hanging. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error('it did not come to pass in time')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
