/**
 * A subscriber that costs next to nothing: a WebSocket that greets a server as a plain tool-db client does and then only reads. A
 * thousand of them leave the processor to the server, as a thousand machines would.
 */

import { createECDH, createHash, createPrivateKey, sign } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'

export interface Said {
  readonly type: string
  readonly id?: string
  readonly data?: { readonly k?: string; readonly v?: unknown } | null
}

/** Greeted, and answered: the server knows it. */
export async function greeted(port: number, topic: string): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
  await once(socket, 'open')
  const answer = once(socket, 'message')
  socket.send(JSON.stringify(ping(topic)))
  const [data] = (await answer) as [Buffer]
  const { type } = JSON.parse(String(data)) as Said
  if (type !== 'pong') throw new Error(`the server answered ${type}`)
  return socket
}

/** As tool-db 2.6.6 greets: its endpoint, signed. */
function ping(topic: string): object {
  // Not generateKeyPairSync: a key of it that is exported at once may hang Node 20.
  const pair = createECDH('prime256v1')
  const point = pair.generateKeys()
  const x = point.subarray(1, 33).toString('base64url')
  const y = point.subarray(33).toString('base64url')
  const d = Buffer.from(pair.getPrivateKey().toString('hex').padStart(64, '0'), 'hex').toString('base64url')
  const key = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d }, format: 'jwk' })
  const address = `${x}${y}`
  const [timestamp, host, port] = [Date.now(), '203.0.113.9', 9000]
  const digest = createHash('sha256').update(`${topic}-${timestamp}-${host}:${port}`).digest('hex')
  const sig = sign('sha256', Buffer.from(digest), { key, dsaEncoding: 'ieee-p1363' }).toString('hex')
  const clientId = address.slice(-20)
  return {
    type: 'ping',
    id: 'ping',
    clientId,
    to: [clientId],
    isServer: false,
    peer: { topic, timestamp, host, port, address, sig },
  }
}
