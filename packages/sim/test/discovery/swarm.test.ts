import { MINUTE, SECOND } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { readFrame, SERVERS_PER_FRAME_MAX, writeFrame } from '../../src/discovery/swarm-frame.ts'
import { SwarmWorld } from '../../src/discovery/swarm-world.ts'
import { DhtWorld, runScenario, SCENARIOS, type Scenario } from '../../src/index.ts'

/** Two servers and a client in a small network, all of them connected. */
function smallSwarm(seed: number) {
  const dht = new DhtWorld({ seed })
  dht.startOver(
    5 * SECOND,
    Array.from({ length: 20 }, (_, i) => dht.add({ name: `node-${i}` })),
  )
  dht.world.advance(20 * SECOND)
  const { world } = dht
  const swarm = new SwarmWorld({ world, infoHash: dht.infoHash('swarm'), bootstrap: () => dht.entrance() })
  const servers = [swarm.addServer(), swarm.addServer()]
  for (const host of servers) swarm.start(host)
  world.advance(MINUTE)
  const client = swarm.addClient()
  swarm.start(client)
  const isServed = (): boolean => client.machine?.servers === servers.length
  return { dht, world, swarm, servers, client, isServed }
}

test.each([1, 2])('[M-63] seed %i: half a minute after a bad day every client is served', (seed) => {
  const scenario = SCENARIOS['swarm-faults'] as Scenario
  const { figures } = runScenario(scenario, { seed, nodes: 60, hours: 0.05 })
  const { before, whileParted, in30Seconds } = figures['served'] as Record<string, number>
  expect(before).toBe(1)
  expect(whileParted).toBeLessThan(0.6)
  expect(in30Seconds).toBe(1)
})

describe('a client', () => {
  test('[M-64] that was here before is served though the whole DHT is gone', () => {
    const { dht, world, swarm, client, isServed } = smallSwarm(1)
    expect(world.runUntil(world.now + MINUTE, isServed)).toBe(true)
    swarm.stop(client)
    for (const host of [...dht.bootstrapHosts, ...dht.nodes]) world.stop(host, 'crash')
    swarm.start(client)
    expect(world.runUntil(world.now + 5 * SECOND, isServed)).toBe(true)
  })

  test('[M-64] that has lost its memory as well is not', () => {
    const { dht, world, swarm, client, isServed } = smallSwarm(1)
    expect(world.runUntil(world.now + MINUTE, isServed)).toBe(true)
    swarm.stop(client)
    world.loseState(client)
    for (const host of [...dht.bootstrapHosts, ...dht.nodes]) world.stop(host, 'crash')
    for (const host of swarm.servers) world.stop(host, 'crash')
    for (const host of swarm.servers) swarm.start(host)
    swarm.start(client)
    expect(world.runUntil(world.now + MINUTE, isServed)).toBe(false)
  })

  test('[M-63] follows a server to its new address', () => {
    const { world, swarm, servers, isServed } = smallSwarm(2)
    expect(world.runUntil(world.now + MINUTE, isServed)).toBe(true)
    for (const host of servers) swarm.move(host)
    expect(world.runUntil(world.now + 5 * SECOND, () => !isServed())).toBe(true)
    expect(world.runUntil(world.now + MINUTE, isServed)).toBe(true)
  })
})

describe('a frame', () => {
  test('[M-65] is read as it was written', () => {
    const hello = { kind: 'hello', topic: 't', peerId: 'p', port: 7 } as const
    expect(readFrame(writeFrame(hello))).toEqual(hello)
    expect(readFrame(writeFrame({ ...hello, port: undefined }))).toEqual({ ...hello, port: undefined })
    const servers = { kind: 'servers', servers: [{ host: '24.0.0.1', port: 1 }] } as const
    expect(readFrame(writeFrame(servers))).toEqual(servers)
  })

  test.each([
    ['no JSON', '{'],
    ['no object', '7'],
    ['nothing', 'null'],
    ['bytes', Uint8Array.of(1)],
    ['of a kind that there is not', '{"kind":"shout"}'],
    ['a greeting from nobody', '{"kind":"hello","topic":"t"}'],
  ])('[M-65] that is %s is nothing', (_, frame) => {
    expect(readFrame(frame)).toBeUndefined()
  })

  test('[M-65] names no more servers than it may, and none that cannot be', () => {
    const servers = Array.from({ length: 2 * SERVERS_PER_FRAME_MAX }, () => ({ host: '24.0.0.1', port: 1 }))
    const read = readFrame(JSON.stringify({ kind: 'servers', servers }))
    expect(read?.kind === 'servers' && read.servers).toHaveLength(SERVERS_PER_FRAME_MAX)
    expect(readFrame('{"kind":"servers","servers":[7,null,{"host":1,"port":2},{"host":"a","port":0}]}')).toEqual({
      kind: 'servers',
      servers: [],
    })
  })
})
