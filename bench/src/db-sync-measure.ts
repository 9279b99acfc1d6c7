/** Servers of the catch-up figures: filled once, joined by others, each a process with a store on disk. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Child, withChildren } from './child.ts'
import { freePort } from './db-measure.ts'

const PER_REQUEST = 20_000

export interface SyncServer {
  readonly child: Child
  readonly port: number
}

export interface Filled {
  readonly server: SyncServer
  /** A place for another server's store. */
  place(name: string): string
}

/** A server that holds so many records, all of its own. */
export async function withFilled<T>(
  { count, log }: { readonly count: number; readonly log: (line: string) => void },
  use: (filled: Filled) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-sync-'))
  const place = (name: string): string => join(directory, name)
  try {
    return await withServer({ directory: place('filled'), peers: [] }, async (server) => {
      for (let first = 0; first < count; first += PER_REQUEST) {
        await server.child.request('put', { prefix: 'key', first, count: Math.min(PER_REQUEST, count - first) })
      }
      log(`filled with ${count} records`)
      return use({ server, place })
    })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

export async function withServer<T>(
  options: { readonly directory: string; readonly peers: readonly number[] },
  use: (server: SyncServer) => Promise<T>,
): Promise<T> {
  const port = await freePort()
  const child = new Child('db-sync-process', { port, ...options })
  return withChildren([child], async () => {
    await child.request('ready')
    return use({ child, port })
  })
}

/** When the server counted so many, on the wall clock. */
export async function reached(
  { child }: SyncServer,
  name: string,
  count: number,
  everyMs: number = 100,
): Promise<number> {
  for (;;) {
    const at = await child.request<number>('reaches', { name, count, everyMs })
    if (at > 0) return at
  }
}
