/**
 * `get_peers` answered per second of the server's processor time. Three servers take turns: ours, npm bittorrent-dht, and a
 * socket that echoes, which is what Node's UDP itself costs. Each has a table of 200 contacts; the load is another process.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Child, withChildren } from './child.ts'
import type { ServerKind } from './dht-server-process.ts'
import { type Figure, figureOf } from './figures.ts'
import type { Row, RowOptions } from './row.ts'

const NODE_ID = '5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a'
const SOURCES = 64
/** 25 buckets of 8. */
const DEPTHS = 25
const PER_DEPTH = 8

interface Sample {
  readonly perCpuSecond: number
  readonly perSecond: number
  readonly contacts: number
  readonly lost: number
}

export async function dhtRow({ quick, log }: RowOptions): Promise<Row> {
  const repetitions = quick ? 3 : 7
  const seconds = quick ? 1 : 3
  const kinds: ServerKind[] = ['shoal', 'bittorrent-dht', 'echo']
  const samples = new Map<ServerKind, Sample[]>(kinds.map((kind) => [kind, []]))
  for (let i = 0; i < repetitions; i++) {
    for (const kind of kinds) {
      const sample = await measure(kind, seconds)
      samples.get(kind)?.push(sample)
      log(
        `dht ${i + 1}/${repetitions} ${kind}: ${Math.round(sample.perCpuSecond)} per CPU-second, ${sample.contacts} contacts, ${sample.lost} lost`,
      )
    }
  }
  const figure = (kind: ServerKind, pick: (sample: Sample) => number): Figure =>
    figureOf((samples.get(kind) ?? []).map(pick))
  const perCpu = (kind: ServerKind): Figure => figure(kind, (sample) => sample.perCpuSecond)
  return {
    name: 'dht',
    title: 'get_peers answered per CPU-second of the server',
    subjects: kinds.map((kind) => ({
      name: kind,
      figure: perCpu(kind),
      beside: {
        'per second': figure(kind, (sample) => sample.perSecond).median,
        contacts: figure(kind, (sample) => sample.contacts).median,
        lost: figure(kind, (sample) => sample.lost).max,
      },
    })),
    ratios: [
      { name: 'shoal / bittorrent-dht', value: perCpu('shoal').median / perCpu('bittorrent-dht').median },
      { name: 'shoal / echo', value: perCpu('shoal').median / perCpu('echo').median },
    ],
    setting: `${SOURCES} source addresses, ${SOURCES} queries outstanding, ${repetitions} alternating repetitions of ${seconds} s`,
  }
}

async function measure(kind: ServerKind, seconds: number): Promise<Sample> {
  const contacts = new Child('dht-contacts-process', { nodeId: NODE_ID, depths: DEPTHS, perDepth: PER_DEPTH })
  const server = new Child('dht-server-process', { kind, nodeId: NODE_ID })
  return withChildren([contacts, server], async () => {
    const port = await server.request<number>('port')
    if (kind !== 'echo') await fillTable(server, await contacts.request<number[]>('ports'))
    const held = await server.request<number>('contacts')
    const load = new Child('dht-load-process', { port, sources: SOURCES, echo: kind === 'echo' })
    return withChildren([load], async () => {
      await load.request('start')
      await sleep(500)
      const [before, cpuBefore, at] = [
        await load.request<Counts>('counts'),
        await server.request<number>('cpu'),
        performance.now(),
      ]
      await sleep(seconds * 1000)
      const [after, cpuAfter, end] = [
        await load.request<Counts>('counts'),
        await server.request<number>('cpu'),
        performance.now(),
      ]
      const answered = after.answered - before.answered
      return {
        perCpuSecond: answered / (cpuAfter - cpuBefore),
        perSecond: answered / ((end - at) / 1000),
        contacts: held,
        lost: after.lost - before.lost,
      }
    })
  })
}

interface Counts {
  readonly answered: number
  readonly lost: number
}

/** A few at a time: neither side answers two hundred pings at once without losing some. */
async function fillTable(server: Child, ports: readonly number[]): Promise<void> {
  const wanted = ports.length
  for (let attempt = 0; attempt < 5; attempt++) {
    for (const [i, port] of ports.entries()) {
      await server.request('addNode', { host: '127.0.0.1', port })
      if (i % 10 === 9) await sleep(10)
    }
    for (let waits = 0; waits < 20; waits++) {
      if ((await server.request<number>('contacts')) >= wanted) return
      await sleep(50)
    }
  }
}
