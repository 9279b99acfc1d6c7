/** A server that idles, or many of its clients in one process: each a database of its own, with a subscription. */

import { ToolDb } from '@shoal/tool-db'
import { answerRequests, childOptions } from './child.ts'

const { port } = childOptions<{ port?: number }>()
/** Handshakes at once: the crowd is to come, not to storm. */
const AT_ONCE = 25

const COMMON = { topic: 'idle', wait: 500 }
const server =
  port === undefined
    ? new ToolDb({ ...COMMON, server: true, host: '127.0.0.1', bind: '127.0.0.1', port: 0, storageName: 'idle' })
    : undefined
const clients: ToolDb[] = []

async function client(): Promise<void> {
  const db = new ToolDb({ ...COMMON, peers: [{ host: '127.0.0.1', port: port as number }] })
  clients.push(db)
  await new Promise<void>((resolve) => (db.onConnect = resolve))
  await db.subscribeData(`news-${clients.length % 10}`)
}

answerRequests({
  port: async () => {
    await server?.ready
    return server?.address?.port
  },
  join: async (count: number) => {
    for (let left = count; left > 0; left -= AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, left) }, client))
    }
  },
  peers: () => server?.peers.length,
})
