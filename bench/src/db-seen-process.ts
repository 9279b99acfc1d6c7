/** Two clients, each of another server: one puts, the other listens. In one process, so that one clock tells both times. */

import { setTimeout as delay } from 'node:timers/promises'
import { ToolDb } from '@shoal/tool-db'
import { answerRequests, childOptions } from './child.ts'

const { ports } = childOptions<{ ports: readonly [number, number] }>()

const [writer, reader] = ports.map(
  (port) => new ToolDb({ topic: 'bench', server: false, peers: [{ host: '127.0.0.1', port }] }),
) as [ToolDb, ToolDb]
const connected = [writer, reader].map((db) => new Promise<void>((resolve) => (db.onConnect = resolve)))

let next = 0

async function once(): Promise<number> {
  const key = `seen-${next++}`
  let listener = 0
  // A listener of its own each: one and the same is told at most every `triggerDebouce`.
  const seen = new Promise<void>((resolve) => {
    listener = reader.addKeyListener(key, () => resolve())
  })
  const start = performance.now()
  await writer.putData(key, { i: next })
  await seen
  const took = performance.now() - start
  reader.removeKeyListener(listener)
  return took
}

answerRequests({
  ready: async () => {
    await Promise.all(connected)
    await reader.subscribeData('seen-')
    // The two servers find each other meanwhile: what is put before that is not relayed.
    await delay(1_000)
  },
  measure: async (count: number) => {
    const times: number[] = []
    for (let i = 0; i < count; i++) times.push(await once())
    return times
  },
})
