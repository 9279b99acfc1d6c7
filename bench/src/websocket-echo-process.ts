/** The least that a checked read can cost: a bare WebSocket that answers each message with a record's text, or its client, which checks one signature for each. */

import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { answerRequests } from './child.ts'

const RECORD = 'x'.repeat(490)
const ASKED = JSON.stringify({ type: 'get', id: 'abcdefghij', to: [], key: 'many-1234' })

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
const text = Buffer.from('a'.repeat(64))
const signature = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' })

answerRequests({
  listen: async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    server.on('connection', (socket) => socket.on('message', () => socket.send(RECORD)))
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  },
  /** Seconds for so many answers, so many asked for at a time. */
  read: async ({ port, count, outstanding }: { port: number; count: number; outstanding: number }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
    await once(socket, 'open')
    const start = performance.now()
    let asked = 0
    let heard = 0
    await new Promise<void>((resolve, reject) => {
      const ask = (): void => {
        if (asked++ < count) socket.send(ASKED)
      }
      socket.on('message', () => {
        if (!verify('sha256', text, key, signature)) reject(new Error('a good signature was refused'))
        if (++heard === count) resolve()
        ask()
      })
      for (let i = 0; i < outstanding; i++) ask()
    })
    socket.close()
    return (performance.now() - start) / 1000
  },
})
