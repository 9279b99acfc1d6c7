/** Many plain sockets of one server in one process, all subscribed to one key. Answers with the times at which each was sent it. */

import { answerRequests, childOptions } from './child.ts'
import { greeted, type Said } from './plain-peer.ts'

const { port, count, key } = childOptions<{ port: number; count: number; key: string }>()

let round = -1
let times: number[] = []
let resolveAll: (times: number[]) => void = () => {}

function hear(text: string): void {
  const { type, data } = JSON.parse(text) as Said
  if (type !== 'put' || data?.k !== key || (data.v as { round?: number }).round !== round) return
  times.push(performance.timeOrigin + performance.now())
  if (times.length === count) resolveAll(times)
}

answerRequests({
  ready: async () => {
    for (let made = 0; made < count; made++) {
      const socket = await greeted(port, 'bench')
      socket.on('message', (data) => hear(String(data)))
      socket.send(JSON.stringify({ type: 'subscribe', id: `subscribe-${made}`, to: [], key }))
    }
  },
  hear: (next: number) => {
    round = next
    times = []
    return new Promise<number[]>((resolve) => (resolveAll = resolve))
  },
})
