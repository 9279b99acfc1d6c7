/** The golden messages over a socket: ours takes what npm tool-db wrote, npm verifies what ours writes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { heldNow, startClient, startServer } from './tool-db-peers.ts'

interface WireRecord {
  readonly k: string
  readonly v: unknown
  readonly n: number | string
  readonly t: number
  readonly h: string
}

interface Case {
  readonly name: string
  readonly message: { readonly type: string; readonly id: string; readonly data: WireRecord }
  readonly pow?: number
}

const { cases } = JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors/tool-db-2.6.6.json'), 'utf8')) as {
  cases: Case[]
}
const puts = cases.filter(({ message }) => message.type === 'put')
const ordinary = puts.filter(({ message }) => !message.data.k.startsWith('=='))
const frozen = puts.filter(({ message }) => message.data.k.startsWith('=='))

test('[I-17] every golden put but the old frozen names is stored as it was sent, with its work checked where it has some', async () => {
  for (const pow of [0, 3]) {
    const server = await startServer('shoal', { pow })
    const client = await startClient('npm', server, { pow })
    const batch = ordinary.filter((golden) => (golden.pow ?? 0) === pow)
    expect(batch.length).toBeGreaterThan(0)
    for (const { message } of batch) {
      await client.call('sendRaw', message)
      await server.peer.event('put', {}, (line) => (line['data'] as WireRecord).k === message.data.k)
      const answer = await client.call<{ data: WireRecord }>('request', {
        type: 'get',
        to: [],
        key: message.data.k,
        id: `again-${message.id}`,
      })
      expect(answer.data).toEqual(message.data)
    }
  }
})

test('[I-18] a frozen name in a live put is refused when it is dated long ago, and taken when it is fresh', async () => {
  const server = await startServer('shoal')
  const client = await startClient('npm', server)
  expect(frozen.map(({ message }) => message.data.k)).toEqual(['==claim', '==alice'])
  for (const { message } of frozen) await client.call('sendRaw', message)
  await client.call('signUp', 'fresh', 'pass word')
  await server.peer.event('put', {}, (line) => (line['data'] as WireRecord).k === '==fresh')
  for (const { message } of frozen) expect(await heldNow(server, message.data.k)).toBeNull()
})

test('[I-19] the golden ping is answered with a pong, and one changed in any signed field is not', async () => {
  const golden = cases.find(({ message }) => message.type === 'ping')?.message as unknown as {
    peer: Record<string, unknown>
  }
  const server = await startServer('shoal', { topic: 'vectors' })
  const answerTo = async (message: object): Promise<string | undefined> => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}`)
    try {
      return await new Promise<string | undefined>((resolve, reject) => {
        socket.on('error', reject)
        socket.on('open', () => socket.send(JSON.stringify(message)))
        socket.on('message', (data) => resolve(JSON.parse(String(data)).type))
        socket.on('close', () => resolve(undefined))
      })
    } finally {
      socket.terminate()
    }
  }
  expect(await answerTo(golden)).toBe('pong')
  for (const [field, forged] of [
    ['host', '203.0.113.8'],
    ['port', 9001],
    ['topic', 'vector'],
    ['timestamp', 1795329614830],
  ] as const) {
    expect(await answerTo({ ...golden, peer: { ...golden.peer, [field]: forged } }), field).toBeUndefined()
  }
})

test('[I-20] npm’s own verification accepts what ours writes, bound nonces included, with and without work', async () => {
  for (const pow of [0, 3]) {
    const server = await startServer('npm', { pow })
    const client = await startClient('shoal', server, { pow })
    const records = [
      await client.call<WireRecord>('put', 'public', { ü: '日本語', list: [1, null, -0.5] }),
      await client.call<WireRecord>('put', 'private', 'mine', true),
      await client.call<WireRecord>('put', 'nothing', null),
      await client.call<WireRecord>('signUp', `user${pow}`, 'pass word'),
    ]
    for (const record of records) {
      expect(record.n).toMatch(/^2\.\d+\.[0-9a-f]{64}$/)
      await server.peer.event('put', {}, (line) => (line['data'] as WireRecord).h === record.h)
      // Asked of a server that does not hold the name yet would be simpler, but it compares authors, and this one's is the same.
      expect(await server.peer.call('check', record, pow)).toBe('Verified')
    }
  }
})
