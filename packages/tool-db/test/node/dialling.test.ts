import { expect, test } from 'vitest'
import { TestKey, World, type WorldNode } from './world.ts'

test('[T-60] an endpoint given by hand is never given up, and its peer is redialled when it drops', () => {
  const world = new World()
  const client = world.client()
  client.connect({ host: '45.99.7.1', port: 9000 })
  world.run(30 * 60_000)
  const tries = client.machine.stats()['dials'] ?? 0
  expect(tries).toBeGreaterThan(20)
  expect(tries).toBeLessThan(120)
  const server = world.server({ host: '45.99.7.1' })
  world.run(120_000)
  expect(client.peers).toEqual([server.peerId])
  world.kill(server)
  world.run(100)
  expect(client.peers).toEqual([])
  const again = world.server({ host: '45.99.7.1', key: 'another' })
  world.run(120_000)
  expect(client.peers).toEqual([again.peerId])
})

test('[T-60] a connection that drops is dialled again within a second, with jitter', () => {
  const times = new Set<number>()
  for (let seed = 1; seed <= 10; seed++) {
    const world = new World(seed)
    const server = world.server()
    const client = world.client()
    client.connect(server)
    world.run(500)
    // The server closes the connection, and goes on.
    server.input((machine) => machine.close(world.now))
    const from = world.now
    while (client.peers.length === 0 || world.now < from + 20) world.run(10)
    expect(world.now - from).toBeLessThan(1_000)
    times.add(world.now - from)
  }
  expect(times.size).toBeGreaterThan(3)
})

test('[T-61] a candidate of discovery is dialled once, and each outcome is reported', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  const propose = (endpoint: { host: string; port: number }): void =>
    client.input((machine) => machine.handleCandidate(world.now, endpoint, 'proposed'))
  const place = { host: server.host, port: server.port }
  propose(place)
  propose({ host: '45.98.7.1', port: 1 })
  world.run(60_000)
  expect(client.reports).toContainEqual({
    endpoint: place,
    outcome: { kind: 'connected', peerId: server.peerId, proven: true },
  })
  const failed = client.reports.filter(({ endpoint }) => endpoint.port === 1)
  expect(failed.map(({ outcome }) => outcome.kind)).toEqual(['failed'])
  world.kill(server)
  world.run(100)
  expect(client.reports.at(-1)).toEqual({ endpoint: place, outcome: { kind: 'disconnected' } })
})

test('[T-61] so many dials at once and no more, each with its time', () => {
  const world = new World()
  const client = world.client({ limits: { dialsMax: 4, dialTimeout: 1_000 } })
  // Nobody answers, not even with a refusal.
  const open = new Set<number>()
  let most = 0
  client.drain = () => {
    for (const effect of client.machine.takeEffects()) {
      if (effect.kind === 'dial') open.add(effect.id)
      if (effect.kind === 'cancel-dial') open.delete(effect.dial)
      if (effect.kind === 'report') client.reports.push(effect)
    }
    client.machine.takeEvents()
    most = Math.max(most, open.size)
  }
  for (let i = 1; i <= 20; i++) {
    client.input((machine) => machine.handleCandidate(world.now, { host: `45.77.7.${i}`, port: 9 }, 'proposed'))
  }
  world.run(5_100)
  expect(most).toBe(4)
  expect(client.reports).toHaveLength(20)
  expect(client.machine.stats()['now.dial-entries']).toBe(0)
})

test('[T-165] who is silent keeps his place for a second while others wait, and for the whole time-out while nobody does', () => {
  const world = new World()
  const client = world.client({ limits: { dialsMax: 4 } })
  const reported: number[] = []
  // Every dial opens at once, and nobody ever says a word.
  let channels = 1_000
  client.drain = () => {
    for (const effect of client.machine.takeEffects()) {
      if (effect.kind === 'dial') {
        const { endpoint, id: dial } = effect
        const opened = { channel: channels++, remote: endpoint, direction: 'outbound', dial } as const
        client.machine.handleOpened(world.now, opened)
        client.drain()
      }
      if (effect.kind === 'report' && effect.outcome.kind === 'failed') reported.push(world.now)
    }
    client.machine.takeEvents()
  }
  const propose = (from: number, to: number): void => {
    for (let i = from; i <= to; i++) {
      client.input((machine) => machine.handleCandidate(world.now, { host: `45.77.7.${i}`, port: 9 }, 'proposed'))
    }
  }
  const start = world.now
  propose(1, 4)
  world.run(9_000)
  expect(reported).toEqual([])
  propose(5, 8)
  expect(reported).toHaveLength(4)
  propose(9, 12)
  world.run(1_010)
  expect(reported).toHaveLength(8)
  expect(world.now - start).toBeLessThan(10_100)
  world.run(10_100)
  expect(reported).toHaveLength(12)
})

test('[T-166] once woken, whoever does not answer within three seconds is gone, and who does stays', () => {
  const world = new World()
  const [dead, alive] = [world.server(), world.server()]
  const client = world.client()
  client.connect(dead)
  client.connect(alive)
  world.run(1_000)
  expect(client.peers).toHaveLength(2)
  // Its packets lead nowhere from now on, and nobody says so.
  dead.isDown = true
  client.input((machine) => machine.handleWake(world.now))
  client.input((machine) => machine.handleWake(world.now))
  world.run(3_100)
  expect(client.peers).toEqual([alive.peerId])
  world.run(120_000)
  expect(client.peers).toEqual([alive.peerId])
})

test('[T-61] discovery hears of sessions by hand and by hearsay too, so that it can remember them', () => {
  const world = new World()
  const [a, b] = [world.server(), world.server()]
  const client = world.client()
  b.connect(a)
  client.connect(a)
  world.run(1_000)
  const known = client.reports.map(({ outcome }) => (outcome.kind === 'connected' ? outcome.peerId : outcome.kind))
  expect(known.sort()).toEqual([a.peerId, b.peerId].sort())
})

test('[T-62] everybody learns of a server that joins, without asking', () => {
  const world = new World()
  const [a, b] = [world.server(), world.server()]
  const client = world.client()
  b.connect(a)
  client.connect(a)
  world.run(1_000)
  expect(client.peers).toEqual([a.peerId, b.peerId].sort())
  const before = world.wire.length
  const c = world.server()
  c.connect(b)
  world.run(1_000)
  for (const node of [a, b, client]) expect(node.peers).toContain(c.peerId)
  const asked = world.wire
    .slice(before)
    .filter(({ from, text }) => from === client.host && text.includes('"type":"ping"'))
  expect(asked).toHaveLength(1)
})

test('[T-62] a server that comes back on another port is found there, and the old place is forgotten', () => {
  const world = new World()
  const [a, b] = [world.server(), world.server({ key: 'moves', host: '45.50.7.1', port: 9_001 })]
  const client = world.client()
  b.connect(a)
  client.connect(a)
  world.run(1_000)
  expect(client.peers).toHaveLength(2)
  world.kill(b)
  world.run(1_000)
  expect(client.peers).toEqual([a.peerId])
  client.put('meanwhile', 1)
  world.run(5_000)
  const back = world.server({ key: 'moves', host: '45.50.7.1', port: 9_002 })
  back.connect(a)
  world.run(2_000)
  expect(client.peers).toEqual([a.peerId, back.peerId].sort())
  expect(client.machine.servers().find(({ address }) => address === back.peerId)?.port).toBe(9_002)
  const dials = client.machine.stats()['dials']
  world.run(60 * 60_000)
  expect(client.machine.stats()['dials']).toBe(dials)
})

test('[T-63] strangers can’t point us into loopback or private networks; peers that are there can', () => {
  const asked = (host: string, told: string): boolean | undefined => {
    const world = new World()
    const server = world.server({ host })
    const client = world.client()
    client.connect(server)
    world.run(500)
    const target = new TestKey('target').endpoint({ host: told, port: 22 }, world.now)
    let globalOnly: boolean | undefined
    const takeEffects = client.machine.takeEffects.bind(client.machine)
    client.machine.takeEffects = () => {
      const effects = takeEffects()
      for (const effect of effects) if (effect.kind === 'dial') globalOnly = effect.globalOnly
      return effects
    }
    server.input((machine) => {
      const clientId = server.peerId.slice(-20)
      machine.sendRaw(world.now, { type: 'pong', id: 'p', to: [], clientId, isServer: true, servers: [target] })
    })
    world.run(500)
    return globalOnly
  }
  expect(asked('45.66.7.1', '192.168.1.1')).toBe(true)
  expect(asked('45.66.7.1', 'router.local')).toBe(true)
  expect(asked('192.168.1.7', '192.168.1.1')).toBe(false)
  expect(asked('127.0.0.1', '127.0.0.1')).toBe(false)
  // What can be nobody's address is not dialled at all.
  expect(asked('127.0.0.1', '0.0.0.0')).toBe(undefined)
})

test('[T-63] servers that nobody signed are neither kept, told nor dialled', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  client.connect(server)
  world.run(500)
  const honest = new TestKey('honest').endpoint({ host: '45.3.3.3', port: 1 }, world.now)
  const forged = [
    { ...honest, host: '45.6.6.6' },
    { ...honest, address: new TestKey('other').address },
    { ...honest, timestamp: honest.timestamp + 60_000 },
    new TestKey('x').endpoint({ host: '45.6.6.7', port: 1 }, world.now, 'another topic'),
  ]
  server.input((machine) => {
    const clientId = server.peerId.slice(-20)
    machine.sendRaw(world.now, { type: 'pong', id: 'p', to: [], clientId, isServer: true, servers: forged })
  })
  world.run(500)
  expect(client.machine.servers().map(({ host }) => host)).not.toContain('45.6.6.6')
  expect(client.machine.servers()).toHaveLength(1)
  expect(client.machine.stats()['faults.forged-endpoint']).toBe(2)
})

test('[T-63] the latest word of a server counts, whatever order it comes in', () => {
  const world = new World()
  const server = world.server()
  const client = world.client()
  client.connect(server)
  world.run(500)
  const key = new TestKey('moving')
  const tell = (port: number, time: number): void => {
    server.input((machine) => {
      const clientId = server.peerId.slice(-20)
      const servers = [key.endpoint({ host: '45.3.3.3', port }, time)]
      machine.sendRaw(world.now, { type: 'pong', id: `p${port}`, to: [], clientId, isServer: true, servers })
    })
    world.run(100)
  }
  tell(2, world.now - 1_000)
  tell(1, world.now - 9_000)
  expect(client.machine.servers().find(({ address }) => address === key.address)?.port).toBe(2)
})

test('[T-64] the list of servers is bounded, and those that nobody sees are forgotten', () => {
  const world = new World()
  const server = world.server({ limits: { serversKnownMax: 10, endpointsPerSecond: 1_000 } })
  const teller = world.raw(server).greet()
  for (let batch = 0; batch < 5; batch++) {
    const servers = Array.from({ length: 20 }, (_, i) =>
      new TestKey(`s${batch}-${i}`).endpoint({ host: `45.4.${batch}.${i + 1}`, port: 9 }, world.now),
    )
    teller.send({ type: 'pong', id: `p${batch}`, to: [], clientId: 'x', isServer: true, servers })
    world.run(100)
  }
  expect(server.machine.stats()['now.servers-known']).toBe(10)
  world.run(3 * 3_600_000)
  world.raw(server).greet()
  expect(server.machine.stats()['now.servers-known']).toBe(0)
  expect(server.machine.stats()['now.dial-entries']).toBe(0)
})

test('[T-64] a server that nobody answers for is not told to others any more', () => {
  const world = new World()
  const [a, b] = [world.server(), world.server()]
  b.connect(a)
  world.run(1_000)
  world.kill(b)
  world.run(60_000)
  expect(a.machine.servers().map(({ address }) => address)).toEqual([a.peerId])
  expect(a.machine.stats()).toMatchObject({ 'dials.given-up': 1, 'now.dial-entries': 0 })
})

test('[T-65] a settled client sends nothing over ten minutes but its sign of life', () => {
  const world = new World()
  const servers = [world.server(), world.server(), world.server()] as const
  for (const server of servers.slice(1)) server.connect(servers[0])
  const client = world.client()
  client.connect(servers[0])
  client.command({ kind: 'subscribe', key: 'news' })
  world.run(10_000)
  const before = world.wire.length
  world.run(10 * 60_000)
  const sent = world.wire.slice(before).filter(({ from }) => from === client.host)
  for (const { text } of sent) expect(JSON.parse(text).type).toMatch(/^p[io]ng$/)
  // One question or answer a minute and server.
  expect(sent.length).toBeLessThanOrEqual(3 * 11)
  expect(client.machine.stats()['dials']).toBe(3)
})

test('[T-66] twenty servers that know one of them all find each other, once', () => {
  const world = new World(7)
  const servers: WorldNode[] = []
  for (let i = 0; i < 20; i++) {
    const server = world.server()
    if (servers[0] !== undefined) server.connect(servers[0])
    servers.push(server)
    world.run(50)
  }
  world.run(20_000)
  for (const server of servers) {
    expect(server.peers).toHaveLength(19)
    expect(server.eventsOf('disconnected')).toEqual([])
  }
  servers[3]?.put('k', 'everywhere')
  world.run(500)
  for (const server of servers) expect(server.held('k')).toBe('everywhere')
})
