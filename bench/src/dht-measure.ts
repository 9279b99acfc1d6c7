/**
 * A DHT server under load: a process of its own with a table of 200 contacts, and another that asks. What counts is
 * answers per second of the server's processor time.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './child.ts'
import type { ServerKind } from './dht-server-process.ts'
import type { Load } from './krpc-messages.ts'

export const NODE_ID = '5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a'
export const SOURCES = 64
/** 25 buckets of 8. */
const DEPTHS = 25
const PER_DEPTH = 8
/** The server's code is compiled by then. */
const WARM_UP_MS = 400

export interface RateSample {
  readonly perCpuSecond: number
  readonly perSecond: number
  readonly lost: number
}

interface Counts {
  readonly answered: number
  readonly lost: number
}

export class ServerUnderLoad {
  readonly server: Child
  readonly #contacts: Child
  #load: Child | undefined
  port = 0
  held = 0

  constructor(kind: ServerKind) {
    this.server = new Child('dht-server-process', { kind, nodeId: NODE_ID })
    this.#contacts = new Child('dht-contacts-process', { nodeId: NODE_ID, depths: DEPTHS, perDepth: PER_DEPTH })
  }

  async start(kind: ServerKind): Promise<void> {
    this.port = await this.server.request<number>('port')
    if (kind !== 'echo') await this.#fillTable(await this.#contacts.request<number[]>('ports'))
    this.held = await this.server.request<number>('contacts')
    this.#load = new Child('dht-load-process', { port: this.port, sources: SOURCES, echo: kind === 'echo' })
  }

  async stop(): Promise<void> {
    await Promise.all([this.#load?.stop(), this.server.stop(), this.#contacts.stop()])
  }

  async rate(kind: Load, seconds: number): Promise<RateSample> {
    const load = this.#load as Child
    await load.request('start', kind)
    await sleep(WARM_UP_MS)
    const [before, cpuBefore, at] = await this.#look(load)
    await sleep(seconds * 1000)
    const [after, cpuAfter, end] = await this.#look(load)
    await load.request('stop')
    const answered = after.answered - before.answered
    return {
      perCpuSecond: answered / (cpuAfter - cpuBefore),
      perSecond: answered / ((end - at) / 1000),
      lost: after.lost - before.lost,
    }
  }

  /** Asks so often, whatever time it takes. */
  async ask(load: Load, most: number): Promise<void> {
    await this.#load?.request('ask', { load, most })
  }

  async #look(load: Child): Promise<readonly [counts: Counts, cpu: number, at: number]> {
    return [await load.request<Counts>('counts'), await this.server.request<number>('cpu'), performance.now()]
  }

  /** A few at a time: neither side answers two hundred pings at once without losing some. */
  async #fillTable(ports: readonly number[]): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt++) {
      for (const [i, port] of ports.entries()) {
        await this.server.request('addNode', { host: '127.0.0.1', port })
        if (i % 10 === 9) await sleep(10)
      }
      for (let waits = 0; waits < 20; waits++) {
        if ((await this.server.request<number>('contacts')) >= ports.length) return
        await sleep(50)
      }
    }
  }
}

/** Starts a server under load, and ends it whatever came of its use. */
export async function withServer<T>(kind: ServerKind, use: (server: ServerUnderLoad) => Promise<T>): Promise<T> {
  const server = new ServerUnderLoad(kind)
  try {
    await server.start(kind)
    return await use(server)
  } finally {
    await server.stop()
  }
}
