/** Servers and clients of the database comparisons, each a process of its own, and the loads that they share. */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { Child, withChildren } from './child.ts'
import type { Maker } from './db-peer-process.ts'

/** Puts or reads that a client has under way at a time. */
export const OUTSTANDING = 64

export interface Pair {
  readonly maker: Maker
  readonly port: number
  readonly server: Child
  readonly client: Child
}

/** A server with a LevelDB store and a client that is connected to it, both ended afterwards. */
export async function withPair<T>(maker: Maker, use: (pair: Pair) => Promise<T>): Promise<T> {
  const port = await freePort()
  const server = new Child(processOf(maker), { maker, port, server: true })
  return withChildren([server], async () => {
    await server.request('ready')
    return withClient({ maker, port }, (client) => use({ maker, port, server, client }))
  })
}

/** One more client of that server. */
export async function withClient<T>(
  { maker, port }: Pick<Pair, 'maker' | 'port'>,
  use: (client: Child) => Promise<T>,
): Promise<T> {
  const client = new Child(processOf(maker), { maker, port, server: false })
  return withChildren([client], async () => {
    await client.request('ready')
    return use(client)
  })
}

function processOf(maker: Maker): string {
  return maker === 'gun' ? 'db-gun-process' : 'db-peer-process'
}

interface Cpu {
  readonly server: number
  readonly client: number
}

export async function cpuOf({ server, client }: Pick<Pair, 'server' | 'client'>): Promise<Cpu> {
  return { server: await server.request<number>('cpu'), client: await client.request<number>('cpu') }
}

/** Seconds from the first put at the client until the server has said of all of them that they are stored. */
export async function write(
  { server, client }: Pick<Pair, 'server' | 'client'>,
  load: { readonly prefix: string; readonly first?: number; readonly count: number },
): Promise<number> {
  const taken = server.request('take', load.count)
  const start = performance.now()
  await Promise.all([client.request('put', { first: 0, ...load, outstanding: OUTSTANDING }), taken])
  return (performance.now() - start) / 1000
}

/** Throws where a record that was put is not in the server's store. */
export async function checkStored({ maker, server }: Pair, prefix: string, count: number): Promise<void> {
  const stored = await server.request<number>('stored', { prefix, count })
  if (stored !== count) throw new Error(`${maker}: only ${stored} of ${count} puts are in the server's store`)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return address.port
}
