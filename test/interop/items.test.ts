/** Items (BEP 44) between our DHT nodes and those of npm bittorrent-dht 11: each stores, serves and verifies the other's. */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { type PeerProcess, startPeer } from './peer-process.ts'

type Kind = 'npm-items' | 'shoal-items'

interface Put {
  readonly target: string
  readonly nodes: number
}

interface Found {
  readonly value: string
  readonly seq: number | null
}

async function started(kind: Kind, bootstrap?: number): Promise<{ peer: PeerProcess; port: number }> {
  const peer = startPeer(kind, bootstrap === undefined ? {} : { bootstrap: [`127.0.0.1:${bootstrap}`] })
  const port = (await peer.event('listening'))['port'] as number
  if (bootstrap !== undefined) await peer.event('ready')
  return { peer, port }
}

/** `storing` nodes of one kind, which alone store, and two of the other that put and get. */
async function network(
  storing: Kind,
  asking: Kind,
): Promise<{ storing: PeerProcess[]; one: PeerProcess; two: PeerProcess }> {
  const root = await started(storing)
  const others = await Promise.all(Array.from({ length: 8 }, () => started(storing, root.port)))
  const [one, two] = await Promise.all([started(asking, root.port), started(asking, root.port)])
  return { storing: [root, ...others].map(({ peer }) => peer), one: one.peer, two: two.peer }
}

for (const [storing, asking] of [
  ['shoal-items', 'npm-items'],
  ['npm-items', 'shoal-items'],
] as const) {
  test(`[D-161] among nodes of ${storing}, ${asking} puts immutable and mutable items, replaces them, and gets them back`, async () => {
    const net = await network(storing, asking)
    const once = await net.one.call<Put>('putImmutable', 'for good')
    expect(once.nodes).toBeGreaterThan(0)
    expect(await net.two.call<Found>('get', once.target)).toEqual({ value: 'for good', seq: null })
    expect(await (net.storing[0] as PeerProcess).call<Found>('get', once.target)).toEqual({
      value: 'for good',
      seq: null,
    })

    const seed = randomBytes(32).toString('hex')
    const first = await net.one.call<Put>('putMutable', 'first', seed, { seq: 1, salt: 'name' })
    expect(await net.two.call<Found>('get', first.target, { salt: 'name' })).toEqual({ value: 'first', seq: 1 })
    const second = await net.one.call<Put>('putMutable', 'second', seed, { seq: 2, salt: 'name' })
    expect(second.target).toBe(first.target)
    for (const peer of [net.two, net.storing[0] as PeerProcess]) {
      expect(await peer.call<Found>('get', first.target, { salt: 'name' })).toEqual({ value: 'second', seq: 2 })
    }
    const plain = await net.one.call<Put>('putMutable', 'without salt', seed, { seq: 7 })
    expect(await (net.storing[1] as PeerProcess).call<Found>('get', plain.target)).toEqual({
      value: 'without salt',
      seq: 7,
    })
  })
}

test('[D-162] one key, used by turns from a node of each kind, counts on', async () => {
  const root = await started('shoal-items')
  const nodes = await Promise.all(
    Array.from({ length: 8 }, (_, i) => started(i % 2 === 0 ? 'npm-items' : 'shoal-items', root.port)),
  )
  const [npm, ours] = nodes.map(({ peer }) => peer) as [PeerProcess, PeerProcess]
  const seed = randomBytes(32).toString('hex')
  const { target } = await npm.call<Put>('putMutable', 'from npm', seed, { seq: 3 })
  const put = await ours.call<Put & { seq: number }>('putMutable', 'from shoal', seed, {})
  expect(put).toMatchObject({ target, seq: 4 })
  expect(await npm.call<Found>('get', target)).toEqual({ value: 'from shoal', seq: 4 })
  await expect(ours.call('putMutable', 'too late', seed, { seq: 2 })).rejects.toMatchObject({
    code: 'SHOAL_SEQ_TOO_OLD',
  })
})
