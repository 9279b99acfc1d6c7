/** Our DHT nodes and those of npm bittorrent-dht 11 in one network. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { type PeerProcess, startPeer } from './peer-process.ts'

const hashOf = (text: string): string => createHash('sha1').update(text).digest('hex')

interface Found {
  readonly peers: readonly string[]
}

type Kind = 'npm-dht' | 'shoal-dht'

interface Node {
  readonly peer: PeerProcess
  readonly port: number
}

async function started(kind: Kind, bootstrap?: Node, options: object = {}): Promise<Node> {
  const peer = startPeer(kind, bootstrap ? { ...options, bootstrap: [`127.0.0.1:${bootstrap.port}`] } : options)
  const port = (await peer.event('listening'))['port'] as number
  if (bootstrap) await peer.event('ready')
  return { peer, port }
}

/** Three nodes of each kind and a first one, from which every other was started. */
async function mixedNetwork(first: Kind): Promise<{ root: Node; npm: Node[]; ours: Node[] }> {
  const root = await started(first)
  const npm: Node[] = []
  const ours: Node[] = []
  for (let i = 0; i < 3; i++) {
    const [a, b] = await Promise.all([started('npm-dht', root), started('shoal-dht', root)])
    npm.push(a)
    ours.push(b)
  }
  return { root, npm, ours }
}

const last = <T>(values: readonly T[]): T => values.at(-1) as T

for (const first of ['npm-dht', 'shoal-dht'] as const) {
  test(`[I-1] npm bittorrent-dht finds what our node announced, and ours what npm announced, bootstrapped from ${first}`, async () => {
    const { npm, ours } = await mixedNetwork(first)
    const announced = await last(ours).peer.call<{ nodes: number }>('announce', hashOf('by us'), 4001)
    expect(announced.nodes).toBeGreaterThan(0)
    expect((await last(npm).peer.call<Found>('lookup', hashOf('by us'))).peers).toEqual(['127.0.0.1:4001'])

    await last(npm).peer.call('announce', hashOf('by them'), 4002)
    expect((await last(ours).peer.call<Found>('lookup', hashOf('by them'))).peers).toEqual(['127.0.0.1:4002'])
  })
}

test('[I-2] each side keeps the other in its routing table', async () => {
  const { npm, ours } = await mixedNetwork('npm-dht')
  const knows = (node: Node) => (contacts: readonly { port: number }[]) =>
    contacts.some(({ port }) => port === node.port)
  // The lookup of its own id, which each makes at start, brings each past the others.
  await last(ours).peer.until<{ port: number }[]>(knows(npm[0] as Node), 'contacts')
  await last(npm).peer.until<{ port: number }[]>(knows(ours[0] as Node), 'contacts')
})

test('[I-3] our node in client mode finds what npm nodes store, and none of our servers takes it as a contact', async () => {
  const { root, npm, ours } = await mixedNetwork('npm-dht')
  const client = await started('shoal-dht', root, { mode: 'client' })
  await last(npm).peer.call('announce', hashOf('for clients'), 4003)
  expect((await client.peer.call<Found>('lookup', hashOf('for clients'))).peers).toEqual(['127.0.0.1:4003'])
  for (const server of ours) {
    const contacts = await server.peer.call<{ port: number }[]>('contacts')
    expect(contacts.map(({ port }) => port)).not.toContain(client.port)
  }
})
