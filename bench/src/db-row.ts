/**
 * Signed puts a second, from a client to a server that stores them in LevelDB, both ours and both npm tool-db in turn.
 * A run ends when the server has said `put` for the last one; ours says so after its commit, tool-db before its own.
 * That every record is in the server's store is checked afterwards. Neither asks the disk to flush.
 */

import { once } from 'node:events'
import { createServer } from 'node:net'
import { Child, withChildren } from './child.ts'
import type { Maker } from './db-peer-process.ts'
import { figureOf } from './figures.ts'
import type { Row, RowOptions } from './row.ts'

const OUTSTANDING = 64

interface Sample {
  readonly perSecond: number
  readonly perServerCpuSecond: number
  readonly perClientCpuSecond: number
}

export async function dbRow({ quick, log }: RowOptions): Promise<Row> {
  const repetitions = quick ? 3 : 5
  const puts = quick ? 1_000 : 10_000
  // Both sides of both makers are then compiled as they are in a process that runs for months.
  const warmUp = quick ? 500 : 2_000
  const makers: Maker[] = ['shoal', 'tool-db']
  const samples = new Map<Maker, Sample[]>(makers.map((maker) => [maker, []]))
  for (let i = 0; i < repetitions; i++) {
    for (const maker of makers) {
      const sample = await measure(maker, { puts, warmUp })
      samples.get(maker)?.push(sample)
      log(`db ${i + 1}/${repetitions} ${maker}: ${Math.round(sample.perSecond)} puts a second`)
    }
  }
  const of = (maker: Maker): Sample[] => samples.get(maker) ?? []
  const perSecond = (maker: Maker) => figureOf(of(maker).map((sample) => sample.perSecond))
  return {
    name: 'db',
    title: 'signed puts a second, client to server, stored in LevelDB',
    subjects: makers.map((maker) => ({
      name: maker,
      figure: perSecond(maker),
      beside: {
        'per CPU-second of the server': figureOf(of(maker).map((sample) => sample.perServerCpuSecond)).median,
        'of the client': figureOf(of(maker).map((sample) => sample.perClientCpuSecond)).median,
      },
    })),
    ratios: [{ name: 'shoal / tool-db', value: perSecond('shoal').median / perSecond('tool-db').median }],
    setting: `${puts} puts, ${OUTSTANDING} outstanding, after ${warmUp} to warm up; ${repetitions} alternating repetitions`,
  }
}

async function measure(maker: Maker, { puts, warmUp }: { puts: number; warmUp: number }): Promise<Sample> {
  const port = await freePort()
  const server = new Child('db-peer-process', { maker, port, server: true })
  return withChildren([server], async () => {
    await server.request('ready')
    const client = new Child('db-peer-process', { maker, port, server: false })
    return withChildren([client], async () => {
      await client.request('ready')
      await write(server, client, 'warm', warmUp)
      const before = await cpuOf(server, client)
      const seconds = await write(server, client, 'key', puts)
      const after = await cpuOf(server, client)
      const stored = await server.request<number>('stored', { prefix: 'key', count: puts })
      if (stored !== puts) throw new Error(`${maker}: only ${stored} of ${puts} puts are in the server's store`)
      return {
        perSecond: puts / seconds,
        perServerCpuSecond: puts / (after.server - before.server),
        perClientCpuSecond: puts / (after.client - before.client),
      }
    })
  })
}

async function cpuOf(server: Child, client: Child): Promise<{ server: number; client: number }> {
  return { server: await server.request<number>('cpu'), client: await client.request<number>('cpu') }
}

/** Seconds until the server has taken them all. */
async function write(server: Child, client: Child, prefix: string, count: number): Promise<number> {
  const taken = server.request('take', count)
  const start = performance.now()
  await Promise.all([client.request('put', { prefix, count, outstanding: OUTSTANDING }), taken])
  return (performance.now() - start) / 1000
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return address.port
}
