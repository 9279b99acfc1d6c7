import { SECOND } from '@shoal/base'
import { expect, test } from 'vitest'
import { DhtNode } from '../../src/dht/dht-node.ts'
import { DhtWorld } from '../../src/dht/dht-world.ts'
import { checkLiveness } from '../../src/oracles/liveness.ts'

/** Stores nothing, and so answers nobody who asks for peers. */
class Forgetful extends DhtNode {
  override handleDatagram(...input: Parameters<DhtNode['handleDatagram']>): void {
    const isAnnouncement = new TextDecoder('latin1').decode(input[2]).includes('announce_peer')
    if (!isAnnouncement) super.handleDatagram(...input)
  }
}

function settled(seed: number) {
  const dht = new DhtWorld({ seed })
  for (let i = 0; i < 20; i++) dht.add()
  dht.startOver(5 * SECOND, dht.nodes)
  dht.world.advance(30 * SECOND)
  return dht
}

test('[M-58] a network that was parted and shaken finds every live peer once it is healed', () => {
  const { world } = settled(3)
  world.partition((host) => host.index % 2)
  world.network.conditions = { ...world.network.conditions, loss: 0.3 }
  world.freeze(world.hosts[3] as (typeof world.hosts)[0])
  world.advance(120 * SECOND)
  checkLiveness(world)
  expect(world.hosts.every(({ state }) => state === 'running')).toBe(true)
})

test('[M-58] a network that loses announcements is found out', () => {
  const dht = new DhtWorld({ seed: 4 })
  const bootstrap = () => dht.entrance()
  for (let i = 0; i < 20; i++) {
    const host = dht.world.addHost({
      program: {
        create: (environment) => new Forgetful(environment, { bootstrap }),
        handleStart: (node: Forgetful, now) => node.start(now),
      },
    })
    dht.world.start(host)
  }
  dht.world.stop(dht.bootstrapHosts[0] as (typeof dht.bootstrapHosts)[0])
  dht.world.start(dht.bootstrapHosts[0] as (typeof dht.bootstrapHosts)[0])
  dht.world.advance(30 * SECOND)
  expect(() => checkLiveness(dht.world)).toThrow(/liveness: a lookup of .* has not found/)
})

test('[M-61] a table that keeps the dead is found out', () => {
  const dht = settled(5)
  const { world } = dht
  const [stubborn, ...others] = dht.nodes
  const engine = (stubborn as (typeof dht.nodes)[0]).machine?.engine
  const before = [...(engine?.contacts() ?? [])].map((contact) => Object.create(contact, { failures: { value: 0 } }))
  for (const host of others.slice(10)) world.stop(host, 'crash')
  Object.defineProperty(engine, 'contacts', { value: () => before.values() })
  expect(() => checkLiveness(world)).toThrow(/dead-contacts: host-1 still has \d+ of \d+ contacts/)
})
