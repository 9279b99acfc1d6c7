/** Signs records beforehand, then sends them all to a server, so that nothing but the server's work is in between. */

import { createVerify, generateKeyPairSync, sign } from 'node:crypto'
import { ToolDb } from '@shoal/tool-db'
import { answerRequests, childOptions } from './child.ts'

const { port, encryption } = childOptions<{ port: number; encryption: boolean }>()

type Put = Awaited<ReturnType<ToolDb['putData']>>

/** On their way to the server at a time: what one client of ours has. */
const FLYING_MAX = 512

const options = {
  encryption,
  topic: 'bench',
  server: false,
  limits: { messagesPerSecond: 1_000_000, bytesPerSecond: 1_000_000_000 },
}
const db = new ToolDb({ ...options, peers: [{ host: '127.0.0.1', port }] })
const connected = new Promise<void>((resolve) => (db.onConnect = resolve))

let signed: Put[] = []
let onAck: (id: string, code: string) => void = () => {}
db.on('message', (message: { type: string; id: string; code?: string }) => {
  if (message.type === 'ack') onAck(message.id, String(message.code))
})

answerRequests({
  ready: async () => {
    await db.ready
    await connected
  },
  /** By a database that has no server, so that its records go nowhere by themselves. */
  sign: async ({ prefix, count }: { prefix: string; count: number }) => {
    const signer = new ToolDb({ ...options, limits: { outboxRecordsMax: count } })
    signed = []
    for (let i = 0; i < count; i++) {
      signed.push(
        await signer.putData(`${prefix}-${i}`, { i, text: 'a value of some fifty bytes, as a chat message is' }),
      )
    }
    await signer.close()
  },
  /** Resolves when each was acknowledged; rejects where one was refused. */
  send: () =>
    new Promise<void>((resolve, reject) => {
      let next = 0
      let acknowledged = 0
      const sendOne = (): void => {
        const message = signed[next++]
        if (message !== undefined) db.network.sendToAll({ ...message })
      }
      onAck = (id, code) => {
        if (code !== 'OK') reject(new Error(`${id} was refused: ${code}`))
        if (++acknowledged === signed.length) resolve()
        sendOne()
      }
      for (let i = 0; i < FLYING_MAX; i++) sendOne()
    }),
  /** Signatures checked per CPU-second by OpenSSL, over a text as long as those of records. */
  verifies: (count: number) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const text = 'a'.repeat(64)
    const signature = sign('sha256', Buffer.from(text), privateKey)
    const before = process.cpuUsage()
    for (let i = 0; i < count; i++) {
      if (!createVerify('sha256').update(text).verify(publicKey, signature))
        throw new Error('a good signature was refused')
    }
    const { user, system } = process.cpuUsage(before)
    return (count * 1e6) / (user + system)
  },
})
