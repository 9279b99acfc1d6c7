/** Rosters that peers hand on: the owner's word reaches those who read no DHT. */

import { type RosterText, rosterPeer, rosterText, type SignedRoster } from '@shoal/peer'
import { expect, test } from 'vitest'
import { certifiedServer, client, forger, meet, revocation, TOPIC } from './certified-world.ts'
import { World, type WorldNode } from './world.ts'

/** Only this server reads the DHT. */
function informed(world: World, key: string, roster: SignedRoster): WorldNode {
  const node = certifiedServer(world, key)
  node.input((machine) => machine.handleTopicRoster(world.now, roster))
  return node
}

test('[O-19] a server hands the roster on: who connects hears of a revocation without any DHT, and hands it on in turn', () => {
  const world = new World()
  const bad = certifiedServer(world, 'bad')
  const roster = revocation('bad', world.now)
  const good = informed(world, 'good', roster)
  const next = certifiedServer(world, 'next')
  const one = client(world, { config: { encryption: 'off' } })
  meet(one, bad, world)
  meet(one, next, world)
  expect(one.peers).toEqual([bad.peerId, next.peerId].sort())
  meet(next, good, world)
  world.run(100)
  expect(next.told).toEqual([{ kind: 'roster', roster }])
  expect(one.told).toEqual([{ kind: 'roster', roster }])
  expect(one.peers).toEqual([next.peerId])
  meet(one, bad, world)
  expect(one.peers).toEqual([next.peerId])
})

test('[O-19] the highest number wins, whoever brings it; plain peers are not bothered with it', () => {
  const world = new World()
  const [older, newer] = [revocation('nobody', world.now), revocation('bad', world.now)]
  const bad = certifiedServer(world, 'bad')
  const late = informed(world, 'late', older)
  const early = informed(world, 'early', newer)
  const one = client(world)
  meet(one, early, world)
  meet(one, late, world)
  meet(one, bad, world)
  expect(one.peers).toEqual([early.peerId, late.peerId].sort())
  expect(one.told).toEqual([{ kind: 'roster', roster: newer }])
  // Servers tell each other, and the one that was behind tells its own clients.
  meet(late, early, world)
  expect(late.told).toEqual([{ kind: 'roster', roster: newer }])
  const plain = world.raw(early)
  plain.send({
    ...plain.ping(),
    peer: plain.key.endpoint({ host: plain.host, port: 8080 }, world.now, TOPIC.publicId),
  })
  world.run(500)
  expect(plain.ofType('pong')).toHaveLength(1)
})

test('[O-19] who hands on a roster that the owner has not signed is put out, and it changes nothing', () => {
  const world = new World()
  const liar = certifiedServer(world, 'liar', {})
  const good = certifiedServer(world, 'good')
  const one = client(world, { config: { encryption: 'off' } })
  const forged = forger.roster(99, { revocations: [{ peer: rosterPeer(good.peerId), at: world.now }] })
  world.tampers.set(liar.host, (text) => {
    const said = JSON.parse(text) as { type: string; servers?: unknown; roster?: RosterText }
    return said.type === 'ack'
      ? JSON.stringify({
          type: 'pong',
          id: 'x',
          to: [],
          clientId: 'x',
          isServer: true,
          servers: [],
          roster: rosterText(forged),
        })
      : text
  })
  meet(one, good, world)
  meet(one, liar, world)
  for (let i = 0; i < 20; i++) {
    one.put('key', i)
    world.run(200)
  }
  expect(one.peers).toEqual([good.peerId])
  expect(one.told).toEqual([])
  expect(one.eventsOf('misbehaved')).not.toEqual([])
})
