/** CRDT documents of npm tool-db 2.6.6 and ours: each as client of the other's server, and both in one federation. */
import { describe, expect, test } from 'vitest'
import type { PeerProcess } from './peer-process.ts'
import { type Maker, startClient, startServer, type ToolDbServer } from './tool-db-peers.ts'

type Kind = 'map' | 'list' | 'counter'

/** What a fresh reader of a maker sees, once that is what is expected. */
async function reads(
  maker: Maker,
  server: ToolDbServer,
  document: { kind: Kind; key: string; expected: unknown },
): Promise<void> {
  const { kind, key, expected } = document
  const reader = await startClient(maker, server)
  const isSo = (value: unknown): boolean => JSON.stringify(sorted(value)) === JSON.stringify(sorted(expected))
  expect(sorted(await reader.until(isSo, 'crdtGet', kind, key, false, 300))).toEqual(sorted(expected))
}

function sorted(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort())
    : value
}

const STEPS: readonly [Kind, unknown[][], unknown][] = [
  [
    'map',
    [
      ['SET', 'dogs', 3],
      ['SET', 'birds', 1],
      ['DEL', 'birds'],
      ['SET', 'ü 日本語', { nested: [1, null] }],
    ],
    { dogs: 3, 'ü 日本語': { nested: [1, null] } },
  ],
  [
    'list',
    [
      ['PUSH', 'first'],
      ['PUSH', 'second'],
      ['INS', 'between', 1],
      ['DEL', 0],
    ],
    ['between', 'second'],
  ],
  [
    'counter',
    [
      ['ADD', 10],
      ['ADD', 5],
      ['SUB', 3],
    ],
    12,
  ],
]

for (const [clientMaker, serverMaker] of [
  ['npm', 'shoal'],
  ['shoal', 'npm'],
] as const) {
  describe(`a client of ${clientMaker} on a server of ${serverMaker}`, () => {
    for (const [kind, steps, expected] of STEPS) {
      test(`[CR-23] writes a ${kind}, goes on with it, and clients of ${clientMaker} read it`, async () => {
        const server = await startServer(serverMaker)
        const writer = await startClient(clientMaker, server)
        const [first, ...more] = steps
        await writer.call('crdtPut', kind, 'doc', [first])
        await writer.call('crdtPut', kind, 'doc', more)
        await reads(clientMaker, server, { kind, key: 'doc', expected })
      })
    }

    test('[CR-23] keeps a document in its own namespace', async () => {
      const server = await startServer(serverMaker)
      const writer = await startClient(clientMaker, server)
      await writer.call('crdtPut', 'map', 'mine', [['SET', 'x', 1]], true)
      const key = `:${await writer.call('address')}.mine`
      await reads(clientMaker, server, { kind: 'map', key, expected: { x: 1 } })
    })
  })
}

test('[CR-23] clients of both makers on our server write to one document, and each reads all of it', async () => {
  const server = await startServer('shoal')
  const [npm, ours] = [await startClient('npm', server), await startClient('shoal', server)]
  const both = { kind: 'map', key: 'doc' } as const
  await npm.call('crdtPut', 'map', 'doc', [['SET', 'npm', 1]])
  await ours.call('crdtPut', 'map', 'doc', [['SET', 'ours', 1]])
  for (const maker of ['npm', 'shoal'] as const) await reads(maker, server, { ...both, expected: { npm: 1, ours: 1 } })
  // After a read, each goes on with what the other wrote.
  for (const client of [npm, ours])
    await client.until((value) => Object.keys(value as object).length === 2, 'crdtGet', 'map', 'doc', false, 300)
  await npm.call('crdtPut', 'map', 'doc', [['SET', 'ours', 2]])
  await reads('shoal', server, { ...both, expected: { npm: 1, ours: 2 } })
  await ours.call('crdtGet', 'map', 'doc', false, 300)
  await ours.call('crdtPut', 'map', 'doc', [['DEL', 'npm']])
  for (const maker of ['npm', 'shoal'] as const) await reads(maker, server, { ...both, expected: { ours: 2 } })
})

test('[CR-23] counters of both makers are one counter', async () => {
  const server = await startServer('shoal')
  const [npm, ours] = [await startClient('npm', server), await startClient('shoal', server)]
  await npm.call('crdtPut', 'counter', 'n', [['ADD', 5]])
  await ours.call('crdtPut', 'counter', 'n', [['ADD', 5]])
  for (const maker of ['npm', 'shoal'] as const) await reads(maker, server, { kind: 'counter', key: 'n', expected: 10 })
})

test('[CR-23] subscribers of both makers hear of what is new', async () => {
  const server = await startServer('shoal')
  const readers: PeerProcess[] = [await startClient('npm', server), await startClient('shoal', server)]
  const writers: PeerProcess[] = [await startClient('npm', server), await startClient('shoal', server)]
  await writers[1]?.call('crdtPut', 'map', 'doc', [['SET', 'before', 1]])
  for (const reader of readers) {
    await reader.call('crdtListen', 'map', 'doc')
    await reader.event('document', {}, (line) => 'before' in (line['value'] as object))
  }
  await writers[0]?.call('crdtPut', 'map', 'doc', [['SET', 'npm', 1]])
  for (const reader of readers) {
    await reader.event('document', {}, (line) => 'npm' in (line['value'] as object))
  }
  await writers[1]?.call('crdtPut', 'map', 'doc', [['SET', 'ours', 1]])
  for (const reader of readers) {
    await reader.event('document', {}, (line) => 'ours' in (line['value'] as object))
  }
})

for (const dialler of ['npm', 'shoal'] as const) {
  test(`[CR-23] a federation of both makers, dialled by ${dialler}, ends with one document on both servers`, async () => {
    const npm = await startServer('npm')
    const ours = await startServer('shoal')
    const [from, to] = dialler === 'npm' ? [npm, ours] : [ours, npm]
    await from.peer.call('connectTo', '127.0.0.1', to.port)
    await from.peer.event('connect')
    await to.peer.event('connect')
    const npmClient = await startClient('npm', npm)
    const ourClient = await startClient('shoal', ours)
    await npmClient.call('crdtPut', 'list', 'doc', [['PUSH', 'from npm']])
    await reads('shoal', ours, { kind: 'list', key: 'doc', expected: ['from npm'] })
    await ourClient.until((value) => (value as unknown[]).length === 1, 'crdtGet', 'list', 'doc', false, 300)
    await ourClient.call('crdtPut', 'list', 'doc', [['PUSH', 'from ours']])
    await reads('npm', npm, { kind: 'list', key: 'doc', expected: ['from npm', 'from ours'] })
    await reads('shoal', ours, { kind: 'list', key: 'doc', expected: ['from npm', 'from ours'] })
  })
}
