/** A server of the catch-up figures: filled by its own puts, joined to another one, asked how far it is. */

import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { ToolDb } from '@shoal/tool-db'
import { answerRequests, childOptions } from './child.ts'

const { port, directory, peers } = childOptions<{
  port: number
  directory: string
  /** Ports of other servers. */
  peers: readonly number[]
}>()

const OUTSTANDING = 64
/** Half of what a request may take. */
const PATIENCE_MS = 60_000

const db = new ToolDb({
  topic: 'bench',
  server: true,
  host: '127.0.0.1',
  port,
  peers: peers.map((at) => ({ host: '127.0.0.1', port: at })),
  storageName: directory,
  // Alone it keeps its records for nobody; the limits stay on the path.
  limits: { outboxRecordsMax: 1, messagesPerSecond: 1_000_000, bytesPerSecond: 1_000_000_000 },
})

let memoryMax = 0
setInterval(() => {
  memoryMax = Math.max(memoryMax, process.memoryUsage.rss())
}, 1_000).unref()

function stat(name: string): number {
  return db.stats()[name] ?? 0
}

answerRequests({
  ready: async () => {
    await db.ready
    await db.anonSignIn()
  },
  /** Seconds that it took. */
  put: async ({ prefix, first = 0, count }: { prefix: string; first?: number; count: number }) => {
    const start = performance.now()
    let next = first
    const worker = async (): Promise<void> => {
      while (next < first + count) {
        const i = next++
        await db.putData(`${prefix}-${i}`, { i, text: 'a value of some fifty bytes, as a chat message is' })
      }
    }
    await Promise.all(Array.from({ length: OUTSTANDING }, worker))
    return (performance.now() - start) / 1000
  },
  /** When this count was reached, on the wall clock; 0 where it was not within a minute. */
  reaches: async ({ name, count, everyMs }: { name: string; count: number; everyMs: number }) => {
    const end = performance.now() + PATIENCE_MS
    while (stat(name) < count) {
      if (performance.now() > end) return 0
      await delay(everyMs)
    }
    return performance.timeOrigin + performance.now()
  },
  stat,
  connect: (to: number) => {
    db.network.connectTo('127.0.0.1', to)
    return performance.timeOrigin + performance.now()
  },
  'memory-max': () => memoryMax,
  close: () => db.close(),
  /** Signatures checked per CPU-second, and nothing else. */
  verifies: (count: number) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
    const text = Buffer.from('a'.repeat(64))
    const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const before = process.cpuUsage()
    for (let i = 0; i < count; i++) {
      if (!verify('sha256', text, key, signature)) throw new Error('a good signature was refused')
    }
    const { user, system } = process.cpuUsage(before)
    return (count * 1e6) / (user + system)
  },
})
