import { expect, test } from 'vitest'
import { DhtWorld } from '../../src/dht/dht-world.ts'

test('[M-14] what is asked of a node that has just started waits until it knows the way, as in the real program', () => {
  const dht = new DhtWorld({ seed: 3 })
  const { world } = dht
  const others = Array.from({ length: 30 }, (_, i) => dht.add({ name: `node-${i}` }))
  dht.startOver(3_000, others)
  world.advance(10_000)
  const newcomer = dht.add({ name: 'newcomer' })
  world.start(newcomer)
  const announce = { port: 9_000, isPortImplied: false }
  const record = world.run(newcomer, (node, now) => node.lookup(now, dht.infoHash('something'), { announce }))
  expect(newcomer.machine?.engine.sizes).toMatchObject({ contacts: 0, lookups: 1 })
  world.advance(10_000)
  expect(record?.announcedTo).toBeGreaterThanOrEqual(8)
})

test('[M-14] the first node of a network, who has nobody to wait for, is done at once', () => {
  const dht = new DhtWorld({ seed: 4 })
  const [first] = dht.bootstrapHosts as [(typeof dht.bootstrapHosts)[number]]
  const record = dht.world.run(first, (node, now) => node.lookup(now, dht.infoHash('something')))
  expect(record?.doneAt).toBe(record?.startedAt)
})
