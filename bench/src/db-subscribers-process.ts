/** Many real clients of one server in one process, all subscribed to one key. Answers with the times at which each heard of it. */

import { ToolDb } from '@shoal/tool-db'
import { answerRequests, childOptions } from './child.ts'

const { port, count, key } = childOptions<{ port: number; count: number; key: string }>()

let round = -1
let times: number[] = []
let resolveAll: (times: number[]) => void = () => {}

function hear(value: { round?: number }): void {
  if (value.round !== round) return
  times.push(performance.timeOrigin + performance.now())
  if (times.length === count) resolveAll(times)
}

async function connect(): Promise<void> {
  const db = new ToolDb({ topic: 'bench', server: false, peers: [{ host: '127.0.0.1', port }] })
  const connected = new Promise<void>((resolve) => (db.onConnect = resolve))
  await db.ready
  await connected
  db.addKeyListener<{ round?: number }>(key, ({ v }) => hear(v))
  await db.subscribeData(key)
}

answerRequests({
  ready: async () => {
    // Some at a time: a thousand handshakes at once only wait for each other.
    for (let made = 0; made < count; made += 20) {
      await Promise.all(Array.from({ length: Math.min(20, count - made) }, connect))
    }
  },
  hear: (next: number) => {
    round = next
    times = []
    return new Promise<number[]>((resolve) => (resolveAll = resolve))
  },
})
