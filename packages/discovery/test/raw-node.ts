/** A DHT node of a few lines that answers everything and keeps what it was sent, byte for byte: the witness on the wire. */

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

export interface RawNode {
  readonly bootstrap: string
  /** Each datagram as latin1 text, replies to it left out. */
  readonly queries: readonly string[]
  count(method: string): number
  /** Resolves when so many queries of the method have come. */
  seen(method: string, times: number): Promise<void>
  close(): void
}

export async function rawNode(): Promise<RawNode> {
  const socket: Socket = createSocket('udp4')
  const queries: string[] = []
  const waiting = new Set<() => void>()
  socket.on('message', (bytes, from) => {
    const text = bytes.toString('latin1')
    if (!text.includes('1:y1:q')) return
    queries.push(text)
    const length = Number(/1:t(\d+):/.exec(text)?.[1])
    const at = text.lastIndexOf(`1:t${length}:`) + `1:t${length}:`.length
    const transaction = text.slice(at, at + length)
    const reply = `d1:rd2:id20:${'W'.repeat(20)}5:nodes0:5:token4:tokne1:t${length}:${transaction}1:y1:re`
    socket.send(Buffer.from(reply, 'latin1'), from.port, from.address)
    for (const check of waiting) check()
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const count = (method: string): number =>
    queries.filter((text) => text.includes(`1:q${method.length}:${method}`)).length
  return {
    bootstrap: `127.0.0.1:${socket.address().port}`,
    queries,
    count,
    seen: (method, times) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (count(method) < times) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close: () => socket.close(),
  }
}
