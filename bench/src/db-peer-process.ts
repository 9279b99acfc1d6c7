/** One end of the database comparison: a server that counts what it takes, or a client that writes. Ours or npm tool-db. */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { answerRequests, childOptions } from './child.ts'

/** Ours twice: tool-db and gun encrypt nothing, so that is compared with theirs; what encryption costs is told beside it. */
export type Maker = 'shoal' | 'shoal encrypted' | 'tool-db' | 'gun'

/** The part of the API that both have. */
interface ToolDb {
  readonly ready: Promise<void>
  onConnect: () => void
  on(event: 'put', listener: () => void): void
  anonSignIn(): Promise<void>
  putData(key: string, value: unknown): Promise<unknown>
  getData(key: string, userNamespaced: boolean, timeoutMs: number): Promise<unknown>
  readonly store: { get(key: string): Promise<string> }
}

const {
  maker,
  port,
  server,
  peers = [],
} = childOptions<{
  maker: Maker
  port: number
  server: boolean
  /** Ports of other servers. */
  peers?: readonly number[]
}>()

interface Loaded {
  readonly ToolDb: new (options: object) => ToolDb
  readonly adapters: object
}

async function loaded(): Promise<Loaded> {
  if (maker === 'shoal' || maker === 'shoal encrypted') {
    const ours = await import('@shoal/tool-db')
    return { ToolDb: ours.ToolDb as unknown as Loaded['ToolDb'], adapters: {} }
  }
  // The interop suite has npm's classes, and a WebSocket network on their base class: theirs is not published.
  const loader = pathToFileURL(join(import.meta.dirname, '../../test/interop/peers/tool-db-of.mjs')).href
  const { toolDbOf } = (await import(loader)) as { toolDbOf(options: { from: string }): Promise<Loaded> }
  return toolDbOf({ from: 'npm' })
}

const { ToolDb, adapters } = await loaded()
const db = new ToolDb({
  topic: 'bench',
  server,
  host: '127.0.0.1',
  ...(server && { port }),
  peers: (server ? peers : [port]).map((at) => ({ host: '127.0.0.1', port: at })),
  storageName: 'db',
  encryption: maker !== 'shoal',
  // Ours has rate limits, which stay on the path; tool-db has none and ignores the option.
  limits: { messagesPerSecond: 1_000_000, bytesPerSecond: 1_000_000_000 },
  ...adapters,
})
const connected = new Promise<void>((resolve) => (db.onConnect = resolve))

let taken = 0
let reached = { count: Number.POSITIVE_INFINITY, resolve: (): void => {} }
db.on('put', () => {
  taken++
  if (taken >= reached.count) reached.resolve()
})

/** Only keeps a run from hanging. */
const READ_TIMEOUT_MS = 30_000

/** `outstanding` of them at a time. */
async function each(
  { count, outstanding }: { readonly count: number; readonly outstanding: number },
  work: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: outstanding }, worker))
}

answerRequests({
  ready: async () => {
    await db.ready
    await db.anonSignIn()
    if (!server) await connected
  },
  /** Resolves when this many more were taken. */
  take: (count: number) => {
    const target = taken + count
    return new Promise<void>((resolve) => (reached = { count: target, resolve }))
  },
  put: ({ prefix, first, ...load }: { prefix: string; first: number; count: number; outstanding: number }) =>
    each(load, async (i) => {
      const value = { i: first + i, text: 'a value of some fifty bytes, as a chat message is' }
      await db.putData(`${prefix}-${first + i}`, value)
    }),
  /** Each key once, none of which this client holds. Seconds. */
  read: async ({ prefix, ...load }: { prefix: string; count: number; outstanding: number }) => {
    const start = performance.now()
    await each(load, async (i) => {
      const value = (await db.getData(`${prefix}-${i}`, false, READ_TIMEOUT_MS)) as { i?: unknown } | null
      if (value?.i !== i) throw new Error(`${prefix}-${i} was read as ${JSON.stringify(value)}`)
    })
    return (performance.now() - start) / 1000
  },
  /** One key again and again. Seconds. */
  'read-again': async ({ key, ...load }: { key: string; count: number; outstanding: number }) => {
    await db.getData(key, false, READ_TIMEOUT_MS)
    const start = performance.now()
    await each(load, async () => {
      if ((await db.getData(key, false, READ_TIMEOUT_MS)) === null) throw new Error(`${key} was not found`)
    })
    return (performance.now() - start) / 1000
  },
  /** One put; when it began, on the wall clock. */
  'put-at': async ({ key, value }: { key: string; value: unknown }) => {
    const at = performance.timeOrigin + performance.now()
    await db.putData(key, value)
    return at
  },
  memory: () => process.memoryUsage.rss(),
  /** How many of the keys are in the store, read one by one. */
  stored: async ({ prefix, count }: { prefix: string; count: number }) => {
    let stored = 0
    for (let i = 0; i < count; i++) {
      const text = await db.store.get(`${prefix}-${i}`).catch(() => undefined)
      if (text) stored++
    }
    return stored
  },
})
