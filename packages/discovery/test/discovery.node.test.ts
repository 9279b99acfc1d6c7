/** Discovery over real DHT nodes on loopback. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTestnet, Dht } from '@shoal/dht'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ANNOUNCE_PACE } from '../src/core/announce-schedule.ts'
import { Discovery } from '../src/discovery.ts'
import type { DiscoveryOptions } from '../src/options.ts'
import type { Session } from '../src/session.ts'
import { type RawNode, rawNode } from './raw-node.ts'

let testnet: Awaited<ReturnType<typeof createTestnet>>
/** BOUNDED: by the tests. */
const open = new Set<{ close(): unknown }>()

beforeAll(async () => {
  testnet = await createTestnet(10)
})
afterEach(async () => {
  for (const one of [...open].reverse()) await one.close()
  open.clear()
})
afterAll(() => testnet.close())

function discovery(options: DiscoveryOptions = { sources: { dht: { bootstrap: testnet.bootstrap } } }): Discovery {
  const made = new Discovery(options)
  open.add(made)
  return made
}

async function witness(): Promise<RawNode> {
  const node = await rawNode()
  open.add(node)
  return node
}

async function firstOf(session: Session): Promise<unknown> {
  const { value } = await session[Symbol.asyncIterator]().next()
  return value
}

test('[S-40] a client that knows only the topic finds a server', async () => {
  const server = discovery().join('a topic', { port: 9_123 })
  await once(server, 'announced')
  const client = discovery().join('a topic')
  expect(await firstOf(client)).toMatchObject({ host: '127.0.0.1', port: 9_123, family: 'ipv4', source: 'dht' })
})

test('[S-40] a topic is the SHA-1 of its text, which can be given as well', async () => {
  const server = discovery().join('ünïcode', { port: 9_124 })
  await once(server, 'announced')
  const infoHash = createHash('sha1').update('ünïcode', 'utf8').digest()
  expect(await firstOf(discovery().join(infoHash))).toMatchObject({ port: 9_124 })
})

test('[S-40] reserved topics are refused, and not repeated', () => {
  for (const topic of ['', 'shoal:private:s3cret', ' SHOAL:x', 'x'.repeat(257), '\ud800']) {
    expect(() => discovery({ sources: {} }).join(topic)).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
  }
  expect(() => discovery({ sources: {} }).join('shoal:private:s3cret')).not.toThrow(/s3cret/)
})

test('[S-41] a client never sends announce_peer, and every query of it carries ro: 1', async () => {
  const node = await witness()
  const client = discovery({ sources: { dht: { bootstrap: [node.bootstrap] } } })
  const session = client.join('read only')
  await once(session, 'searched')
  session.update()
  await once(session, 'searched')
  expect(node.count('get_peers')).toBeGreaterThanOrEqual(2)
  expect(node.count('announce_peer')).toBe(0)
  for (const query of node.queries) expect(query).toContain('2:roi1e')
})

test('[S-41] a server announces the port it was given, not the implied one, and is no read-only node', async () => {
  const node = await witness()
  const server = discovery({ sources: { dht: { bootstrap: [node.bootstrap] } } })
  const session = server.join('writing', { port: 9_125 })
  const [{ nodes }] = (await once(session, 'announced')) as [{ nodes: number }]
  expect(nodes).toBe(1)
  expect(node.count('announce_peer')).toBe(1)
  const announce = node.queries.find((text) => text.includes('13:announce_peer'))
  expect(announce).toContain('4:porti9125e')
  expect(announce).not.toContain('12:implied_porti1e')
  expect(announce).not.toContain('2:roi1e')
})

test('[S-41] a client joins with a port later and then announces, still read-only', async () => {
  const node = await witness()
  const both = discovery({ sources: { dht: { bootstrap: [node.bootstrap] } } })
  await once(both.join('first'), 'searched')
  await once(both.join('second', { port: 9_126, impliedPort: true }), 'announced')
  const announce = node.queries.find((text) => text.includes('13:announce_peer'))
  expect(announce).toContain('12:implied_porti1e')
  expect(announce).toContain('2:roi1e')
})

test('[S-42] leave really stops announcing', async () => {
  const node = await witness()
  const announce = { ...ANNOUNCE_PACE, early: [], steady: 40 }
  const server = discovery({ sources: { dht: { bootstrap: [node.bootstrap] } }, pace: { announce } })
  const session = server.join('left', { port: 9_127 })
  const other = server.join('stays', { port: 9_128 })
  await node.seen('announce_peer', 6)
  await session.leave()
  const ports = (): number[] =>
    node.queries.flatMap((text) => {
      const announced = /4:porti(\d+)e/.exec(text)
      return announced === null ? [] : [Number(announced[1])]
    })
  const before = ports().length
  await node.seen('announce_peer', before + 6)
  expect(ports().slice(before)).not.toContain(9_127)
  await other.leave()
})

test('[S-42] an announce that is on its way when the topic is left goes nowhere', async () => {
  const node = await witness()
  const server = discovery({ sources: { dht: { bootstrap: [node.bootstrap] } } })
  const session = server.join('left at once', { port: 9_129 })
  await session.leave()
  // What is announced behind it arrives; it itself does not.
  server.join('stays', { port: 9_130 })
  await node.seen('announce_peer', 1)
  expect(node.queries.filter((text) => text.includes('4:porti9129e'))).toEqual([])
})

test('[S-44] close closes a DHT node of our own and leaves a given one alone', async () => {
  const given = new Dht({ bootstrap: testnet.bootstrap })
  open.add(given)
  const sharing = discovery({ sources: { dht: given } })
  const session = sharing.join('shared')
  expect(sharing.dht).toBe(given)
  expect(sharing.externalHosts()).toEqual(given.externalAddress === undefined ? [] : [given.externalAddress.host])
  await once(session, 'searched')
  await sharing.close()
  await sharing.close()
  for await (const _ of session) throw new Error('the session goes on')
  expect((await given.announce('11'.repeat(20), { port: 9_130 })).nodes).toBeGreaterThan(0)
  const owning = discovery()
  const own = owning.join('owned')
  await once(own, 'searched')
  const dht = owning.dht as Dht
  await owning.close()
  await expect(dht.announce('11'.repeat(20), { port: 9_130 })).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
})

test('[S-44] the signal closes', async () => {
  const abort = new AbortController()
  const one = discovery({ sources: { dht: { bootstrap: testnet.bootstrap } }, signal: abort.signal })
  const session = one.join('aborted', { port: 9_131 })
  abort.abort()
  await once(session, 'left')
  expect(() => one.join('x')).toThrow(expect.objectContaining({ code: 'SHOAL_CLOSED' }))
  const early = discovery({ sources: {}, signal: abort.signal })
  expect(() => early.join('x')).toThrow(expect.objectContaining({ code: 'SHOAL_CLOSED' }))
})

test('[S-44] a process that has closed exits by itself', async () => {
  const program = `
    import { Discovery } from '@shoal/discovery'
    const discovery = new Discovery({ sources: { dht: { bootstrap: ${JSON.stringify(testnet.bootstrap)} }, static: ['localhost:9000'] } })
    const session = discovery.join('exits', { port: 9132 })
    session.on('announced', async () => { await discovery.close(); console.log('closed') })`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    timeout: 20_000,
  })
  expect(stdout).toBe('closed\n')
})

test('[S-46] an option that there is not is named, with those that there are', () => {
  const made = (options: object) => () => new Discovery(options)
  expect(made({ bootstrap: ['127.0.0.1:1'] })).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
  expect(made({ bootstrap: ['127.0.0.1:1'] })).toThrow(/"bootstrap".*sources, signal, pace, limits.*dht: \{/)
  expect(made({ sources: { pex: true } })).toThrow(/discovery\.sources has no option "pex".*dht, static/)
  expect(made({ sources: { dht: { bootstraps: [] } } })).toThrow(/"bootstraps".*bootstrap, port/)
  expect(made({ pace: { lookups: 1 } })).toThrow(/"lookups"/)
  expect(made({ limits: { perSource: 1 } })).toThrow(/"perSource"/)
  expect(made({ sources: 'dht' })).toThrow(/discovery\.sources takes an object/)
  expect(made({ sources: { dht: null } })).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
  // Like one that is left out.
  expect(made({ bootstrap: undefined, sources: {} })).not.toThrow()
})

test('[S-46] wrong use is answered by one sentence', () => {
  const usage = expect.objectContaining({ code: 'SHOAL_USAGE' })
  const one = discovery({ sources: {} })
  for (const port of [0, -1, 65_536, 1.5, Number.NaN, '9000' as unknown as number]) {
    expect(() => one.join('topic', { port }), String(port)).toThrow(usage)
  }
  expect(() => one.join('topic', { impliedPort: true })).toThrow(usage)
  expect(() => one.join(new Uint8Array(19))).toThrow(usage)
  expect(() => one.join(7 as unknown as string)).toThrow(usage)
  expect(() => new Discovery({ sources: { lan: 'yes' } as object })).toThrow(usage)
  for (const bad of ['127.0.0.1', ':9000', 'a:0', 'a:b', '', { host: '', port: 1 }, { host: 'a', port: 0 }]) {
    expect(() => new Discovery({ sources: { static: [bad] } })).toThrow(usage)
  }
  expect(() => new Discovery({ sources: { static: new Array(257).fill('a:1') } })).toThrow(usage)
  expect(one.stats()).toMatchObject({ topics: 0, sessions: 0 })
})

test('[S-47] static endpoints are candidates at once, names as soon as they are resolved', async () => {
  const one = discovery({
    sources: { static: ['10.1.2.3:9000', { host: '::ffff:10.1.2.4', port: 9000 }, 'localhost:9001'] },
  })
  const session = one.join('static')
  const hosts: string[] = []
  for await (const { host, port, source } of session) {
    expect(source).toBe('static')
    hosts.push(`${host}:${port}`)
    if (port === 9_001) break
  }
  expect(hosts.slice(0, 2)).toEqual(['10.1.2.3:9000', '10.1.2.4:9000'])
  expect(['127.0.0.1:9001', '::1:9001']).toContain(hosts[2])
  expect(one.stats()).toMatchObject({ topics: 1, sessions: 1, lookups: 1, announces: 0 })
})

test('[S-47] a name that does not resolve does no harm', async () => {
  const one = discovery({ sources: { static: ['no-such-host.invalid:9000'] } })
  const [event] = await once(one.join('static'), 'searched')
  expect(event).toEqual({ source: 'static', answered: false })
})

test('[S-35] update looks up and announces now', async () => {
  const one = discovery()
  const session = one.join('updated', { port: 9_133 })
  await Promise.all([once(session, 'announced'), once(session, 'searched')])
  one.update()
  await Promise.all([once(session, 'announced'), once(session, 'searched')])
  expect(one.stats()).toMatchObject({ lookups: 2, announces: 2 })
})
