/**
 * What every network adapter in tool-db's shape must do, whether on our base class or on tool-db's: two databases that have
 * nothing else between them. In one line, under any test runner:
 * `networkAdapterContract({ test, name: 'mine', networkAdapter: MyNetwork, place: async () => ({ host: '127.0.0.1', port: 7000 }) })`
 */

import type { NetworkAdapterConstructor } from '../options.ts'
import { ToolDb } from '../tool-db.ts'
import { check, checkEqual, type TestFunction } from './check.ts'

export interface NetworkAdapterContractOptions {
  readonly test: TestFunction
  /** Goes into the names of the tests. */
  readonly name: string
  readonly networkAdapter: NetworkAdapterConstructor
  /** Where a server is to be had in this test, and clients find it. */
  readonly place: () => Promise<{ readonly host: string; readonly port: number }>
}

const TOPIC = 'network adapter contract'
/** Only keeps a test from hanging. */
const PATIENCE_MS = 20_000

interface Pair {
  readonly server: ToolDb
  readonly client: ToolDb
}

export function networkAdapterContract(options: NetworkAdapterContractOptions): void {
  const rule = (id: string, sentence: string, body: (pair: Pair) => Promise<void>): void => {
    options.test(`[${id}] ${options.name}: ${sentence}`, async () => {
      const { networkAdapter } = options
      const place = await options.place()
      const server = new ToolDb({ topic: TOPIC, networkAdapter, server: true, store: 'memory', ...place })
      await server.ready
      const client = new ToolDb({ topic: TOPIC, networkAdapter, wait: 100 })
      try {
        await client.ready
        client.network.connectTo(place.host, place.port)
        await until(() => client.isConnected && server.isConnected, 'both are connected')
        await body({ server, client })
      } finally {
        await Promise.all([client.close(), server.close()])
      }
    })
  }
  rule('N-38', 'a client reaches a server, and each knows the other by its address', async ({ server, client }) => {
    const [ofServer, ofClient] = [server.peerAccount.getAddress(), client.peerAccount.getAddress()]
    checkEqual([client.peers[0]?.peerId, server.peers[0]?.peerId], [ofServer, ofClient], 'who is connected')
    checkEqual([client.peers.length, server.peers.length], [1, 1], 'how many are')
    check(client.network.isServer(ofServer ?? '') && !server.network.isServer(ofClient ?? ''), 'who is a server')
  })
  rule(
    'N-39',
    'what one side writes the other reads, in order, of every length and script',
    async ({ server, client }) => {
      const texts = Array.from({ length: 50 }, (_, i) => `${i} é😀 ${'x'.repeat(i * i)}`)
      for (const text of texts) await client.putData('key', text, false, { confirm: 1, timeoutMs: PATIENCE_MS })
      checkEqual(await server.getData('key'), texts.at(-1), 'the last value')
      const heard: unknown[] = []
      client.addKeyListener('back', ({ v }) => heard.push(v))
      await client.subscribeData('back')
      await client.getRecord('nothing', { timeoutMs: PATIENCE_MS })
      await server.putData('back', 'to the client')
      await until(() => heard.length > 0, 'the subscriber has heard')
      checkEqual(heard, ['to the client'], 'what it heard')
    },
  )
  rule('N-40', 'when one side closes the other knows soon, and keeps no sender for it', async ({ server, client }) => {
    const told: string[] = []
    server.onPeerDisconnect = (peerId) => told.push(peerId)
    const address = client.peerAccount.getAddress() ?? ''
    await client.close()
    await until(() => !server.isConnected, 'the server knows')
    checkEqual(told, [address], 'who is gone')
    check(!server.network.isConnected(address), 'it counts as gone')
  })
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`it did not come to pass: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
