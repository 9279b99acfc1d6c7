/** The API of discovery-channel 5.5.1, its defects among the tests, over real DHT nodes on loopback. */

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createTestnet, Dht } from '@shoal/dht'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import {
  discoveryChannel as DC,
  DiscoveryChannel,
  type DiscoveryChannelOptions,
} from '../../src/compat/discovery-channel.ts'
import { rawNode } from '../raw-node.ts'

let testnet: Awaited<ReturnType<typeof createTestnet>>
/** BOUNDED: by the tests. */
const open = new Set<() => unknown>()

beforeAll(async () => {
  testnet = await createTestnet(10)
})
afterEach(async () => {
  for (const close of [...open].reverse()) await close()
  open.clear()
})
afterAll(() => testnet.close())

function channel(options: DiscoveryChannelOptions = { dht: { bootstrap: testnet.bootstrap } }): DiscoveryChannel {
  const made = DC(options)
  open.add(() => new Promise<void>((resolve) => made.destroy(resolve)))
  return made
}

const OFFLINE: DiscoveryChannelOptions = { dht: false, dns: false }

function joined(made: DiscoveryChannel, id: string | Buffer, port?: number): Promise<Error | null> {
  return new Promise((resolve) => made.join(id, port, {}, resolve))
}

test('[S-60] it is called with or without new, and can be extended', () => {
  const made = [DC(OFFLINE), new DC(OFFLINE), DC({ ...OFFLINE }), new DiscoveryChannel(OFFLINE)]
  class Extended extends DC {
    extra = 7
  }
  const extended = new Extended(OFFLINE)
  for (const one of [...made, extended]) {
    expect(one).toBeInstanceOf(DC)
    expect(one).toBeInstanceOf(DiscoveryChannel)
    one.destroy()
  }
  expect(extended).toMatchObject({ extra: 7, destroyed: true })
  expect(extended).toBeInstanceOf(Extended)
})

test('[S-62, S-66] two channels find each other, and the callback and query-done come once', async () => {
  const server = channel()
  expect(await joined(server, 'channel one', 9_201)).toBeNull()
  const client = channel()
  const done = vi.fn()
  const peers = vi.fn()
  client.on('query-done', done)
  client.on('peer', peers)
  const cb = vi.fn()
  client.join('channel one', cb)
  await once(client, 'query-done')
  expect(peers.mock.calls).toEqual([[Buffer.from('channel one'), { host: '127.0.0.1', port: 9_201 }, 'dht']])
  expect(Buffer.isBuffer(peers.mock.calls[0]?.[0])).toBe(true)
  // A round of another channel behind each update: the update's own look-up is over by then.
  for (const other of ['channel two', 'channel three']) {
    client.update()
    await joined(client, other)
  }
  expect(peers).toHaveBeenCalledTimes(1)
  expect(cb.mock.calls).toEqual([[null]])
  // Once for each of the three channels.
  expect(done.mock.calls).toEqual([[true], [true], [true]])
})

test('[S-61] the arguments after the id may be left out, and a join twice is one', () => {
  const one = channel()
  one.join('a')
  one.join('a', 0 as never, {})
  one.join('a', 9_202)
  one.join('a', 9_202, { impliedPort: true })
  one.join(Buffer.from('a'), '9202' as never, () => {})
  one.join('b', () => {})
  one.join('c', 9_203, () => {})
  expect(one.list()).toEqual([
    { id: Buffer.from('a'), port: 0 },
    { id: Buffer.from('a'), port: 9_202 },
    { id: Buffer.from('b'), port: 0 },
    { id: Buffer.from('c'), port: 9_203 },
  ])
  for (const port of [-1, 65_536, 1.5, 'x', {}]) {
    expect(() => one.join('d', port as never)).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
  }
  expect(() => one.join(7 as never)).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
})

test('[S-63, S-65] list tells what is joined; leave(id) leaves it with whatever port', () => {
  const one = channel(OFFLINE)
  const id = Buffer.alloc(32, 9)
  one.join(id)
  expect(one.list()).toEqual([{ id, port: 0 }])
  one.leave(id)
  one.join(id, 8_080)
  one.join(id, 8_081)
  one.join('other', 8_080)
  one.leave(id, 8_080)
  expect(one.list()).toEqual([
    { id, port: 8_081 },
    { id: Buffer.from('other'), port: 8_080 },
  ])
  one.leave(id)
  one.leave('unknown')
  expect(one.list()).toEqual([{ id: Buffer.from('other'), port: 8_080 }])
})

test('[S-63] leave(id) after join(id, port) really stops announcing', async () => {
  const node = await rawNode()
  open.add(node.close)
  const one = channel({ dht: { bootstrap: [node.bootstrap], interval: 50 } })
  one.join('left', 9_204)
  one.join('stays', 9_206)
  await node.seen('announce_peer', 6)
  one.leave('left')
  expect(one.list()).toEqual([{ id: Buffer.from('stays'), port: 9_206 }])
  const before = node.count('announce_peer')
  await node.seen('announce_peer', before + 6)
  // One may have been on the wire when it was left.
  const ports = node.queries.flatMap((text) => (/announce_peer/.test(text) ? [/4:porti(\d+)e/.exec(text)?.[1]] : []))
  expect(ports.slice(before + 1)).not.toContain('9204')
})

test('[S-63] leaving before the first round is over tells the one who waits', async () => {
  const one = channel()
  const result = joined(one, 'left early', 9_205)
  one.leave('left early')
  expect(await result).toMatchObject({ code: 'SHOAL_CLOSED' })
})

test('[S-64] update looks up and announces everything now', async () => {
  const node = await rawNode()
  open.add(node.close)
  const one = channel({ dht: { bootstrap: [node.bootstrap] } })
  await joined(one, 'updated', 9_206)
  const [lookups, announces] = [node.count('get_peers'), node.count('announce_peer')]
  one.update()
  await node.seen('get_peers', lookups + 1)
  await node.seen('announce_peer', announces + 1)
})

test('[S-66] where nobody can be reached the callback gets the error', async () => {
  const one = channel({ dht: { bootstrap: [] } })
  const warned = vi.fn()
  one.on('warn', warned)
  expect(await joined(one, 'alone')).toMatchObject({ code: 'SHOAL_NO_NODES' })
  expect(await joined(one, 'alone', 9_207)).toBeInstanceOf(Error)
  expect(await joined(channel(OFFLINE), 'offline', 9_207)).toBeNull()
})

test('[S-67] the info hash is the first twenty bytes of the hash of the id', async () => {
  const dht = new Dht({ bootstrap: testnet.bootstrap })
  open.add(() => dht.close())
  const sha256 = (id: Buffer): Buffer => createHash('sha256').update(id).digest()
  const long = 'x'.repeat(5_000)
  const own = Buffer.from('0123456789abcdefghij and more')
  const dhtOptions = { bootstrap: testnet.bootstrap }
  for (const [options, id, infoHash] of [
    [{ dht: dhtOptions }, long, createHash('sha1').update(long).digest()],
    [{ dht: dhtOptions, hash: sha256 }, 'id', sha256(Buffer.from('id')).subarray(0, 20)],
    [{ dht: dhtOptions, hash: false }, own, own.subarray(0, 20)],
  ] as const) {
    const one = channel(options)
    expect(await joined(one, id, 9_208)).toBeNull()
    const ports: number[] = []
    for await (const { port } of dht.lookup(infoHash)) ports.push(port)
    expect(ports).toContain(9_208)
  }
  expect(() => channel({ dht: dhtOptions, hash: false }).join('short')).toThrow(/20 bytes/)
  expect(() => channel({ dht: dhtOptions, hash: () => 'text' as never }).join('id')).toThrow(/Buffer/)
})

test('[S-67] an id that is a secret by its reserved word never goes out', () => {
  const one = channel(OFFLINE)
  for (const id of ['shoal:private:s3cret', '  Shoal : x', `\u3000shoal:${'x'.repeat(500)}`]) {
    expect(() => one.join(id)).toThrow(expect.objectContaining({ code: 'SHOAL_USAGE' }))
    expect(() => one.join(Buffer.from(id))).toThrow(/^(?!.*s3cret)/)
  }
  for (const id of ['', 'shoals', 'myshoal:x', Buffer.from([0xff, 0xd8, 0]), '\ud800'])
    expect(() => one.join(id)).not.toThrow()
})

test('[S-68] trouble with the network is a warning that nobody needs to hear', async () => {
  const one = channel({ dht: { bootstrap: ['no-such-host.invalid:1'] } })
  const warned = once(one, 'warn')
  one.join('unreachable', 9_209)
  expect((await warned)[0]).toBeInstanceOf(Error)
  const silent = channel({ dht: { bootstrap: ['no-such-host.invalid:1'] } })
  expect(await joined(silent, 'unreachable', 9_209)).toBeInstanceOf(Error)
}, 20_000)

test('[S-68] dns options are taken and answered by one warning, none without them', async () => {
  const asked = channel({ dht: false, dns: { servers: ['x.example'] } })
  const [error] = await once(asked, 'warn')
  expect(error).toMatchObject({ code: 'SHOAL_NO_LAN' })
  for (const dns of [undefined, false, null]) {
    const one = channel({ dht: false, dns })
    const warned = vi.fn()
    one.on('warn', warned)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warned).not.toHaveBeenCalled()
  }
})

test('[S-69] destroy ends everything, emits close and calls back, also the second time', async () => {
  const one = channel()
  const events: string[] = []
  one.on('close', () => events.push('close'))
  one.join('destroyed', 9_210)
  await new Promise<void>((resolve) => one.destroy(() => resolve(void events.push('first'))))
  await new Promise<void>((resolve) => one.destroy(() => resolve(void events.push('second'))))
  expect(events).toEqual(['close', 'first', 'second'])
  expect(one.destroyed).toBe(true)
  one.join('more', 9_211)
  one.leave('more')
  one.update()
  expect(one.list()).toEqual([])
})

test('[S-70] impliedPort and port 0 announce the port that nodes see', async () => {
  const node = await rawNode()
  open.add(node.close)
  const one = channel({ dht: { bootstrap: [node.bootstrap], nodeId: Buffer.alloc(20, 'n') } })
  await new Promise((resolve) => one.join('implied', 9_212, { impliedPort: true }, resolve))
  await joined(one, 'zero', 0)
  await joined(one, 'explicit', 9_213)
  const announces = node.queries.filter((text) => text.includes('13:announce_peer'))
  expect(announces.map((text) => text.includes('12:implied_porti1e'))).toEqual([true, true, false])
  expect(announces[2]).toContain('4:porti9213e')
  for (const text of node.queries) expect(text).toContain(`2:id20:${'n'.repeat(20)}`)
})

test('[S-70] the interval is that of look-ups and announces', async () => {
  const node = await rawNode()
  open.add(node.close)
  const one = channel({ dht: { bootstrap: [node.bootstrap], interval: 30 } })
  one.join('interval', 9_214)
  await node.seen('announce_peer', 4)
  await node.seen('get_peers', 8)
})
