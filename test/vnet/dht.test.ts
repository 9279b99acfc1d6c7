/** Our DHT node by the rules of Mainline, between hosts with public-looking addresses: beside npm bittorrent-dht, and behind a NAT. */

import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { startPeerIn } from '../interop/peer-process.ts'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, type Found, type Stats, startNode, startNodes } from './dht-nodes.ts'
import { VNET, Vnet } from './vnet.ts'

const hashOf = (text: string): string => createHash('sha1').update(text).digest('hex')

testNeeding(...VNET)('[V-1] on Mainline, npm bittorrent-dht and our nodes find what the other announced', async () => {
  const vnet = new Vnet(8)
  const [first] = vnet.hosts
  if (first === undefined) throw new Error('no host')
  const ours = await startNodes(vnet.hosts.slice(0, 5), 3)
  const npm = await Promise.all(
    vnet.hosts.slice(5).map(async (host) => {
      const options = { host: host.address, port: 6_881, bootstrap: [bootstrapOf(first)] }
      const peer = startPeerIn(host.namespace, 'npm-dht', options)
      await peer.event('ready')
      return { host, peer }
    }),
  )
  const theirs = npm[2]
  if (theirs === undefined) throw new Error('no npm node')
  await ours[3]?.call('announce', hashOf('by us'), 4_001)
  expect((await theirs.peer.call<Found>('lookup', hashOf('by us'))).peers).toEqual([`${vnet.host(3).address}:4001`])
  await theirs.peer.call('announce', hashOf('by them'), 4_002)
  const found = await ours[4]?.call<Found>('lookup', hashOf('by them'))
  expect(found?.peers).toEqual([`${theirs.host.address}:4002`])
  expect((await ours[0]?.call<Stats>('stats'))?.network).toBe('mainline')
})

testNeeding(...VNET)(
  '[V-2] behind a NAT a node finds its external address, stays a client, finds peers, and is nobody’s contact',
  async () => {
    const vnet = new Vnet(6)
    const inside = vnet.nat(1)
    const nodes = await startNodes(vnet.hosts, 4)
    await nodes[1]?.call('announce', hashOf('a topic'), 4_003)
    const node = startNode(inside, [bootstrapOf(vnet.host(0))], { mode: 'auto' })
    await node.event('ready')
    expect((await node.call<Found>('lookup', hashOf('a topic'))).peers).toEqual([`${vnet.host(1).address}:4003`])
    const stats = await node.until<Stats>(({ externalAddress }) => externalAddress !== undefined, 'stats')
    expect(stats.externalAddress?.host).toBe(inside.address)
    expect(stats.mode).toBe('client')
    for (const other of nodes) {
      const contacts = await other.call<{ host: string }[]>('contacts')
      expect(contacts.map(({ host }) => host)).not.toContain(inside.address)
    }
  },
)
