import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { seededRandom, UsageError } from '@shoal/base'
import { afterEach, describe, expect, test } from 'vitest'
import { testNeeding } from '../../../test/support/requirements.ts'
import { commonPrefixLength, randomNodeId } from '../src/core/id/node-id.ts'
import { Dht, type DhtOptions, type DhtPeer, PortTakenError } from '../src/index.ts'
import { idsFor, placesOf } from '../src/places.ts'

const HASH = '0123456789abcdef0123456789abcdef01234567'
const closing: (() => unknown)[] = []
/** Machines without IPv6 are to be found, if not many. */
const hasIpv6 = hasLoopback6()
const testIpv6 = testNeeding({
  name: 'IPv6 on loopback',
  isMet: () => hasIpv6,
  howToGet: 'Enable it with: sysctl net.ipv6.conf.lo.disable_ipv6=0',
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function hasLoopback6(): boolean {
  try {
    return readFileSync('/proc/net/if_inet6', 'utf8').includes('00000000000000000000000000000001')
  } catch {
    return process.platform !== 'linux'
  }
}

function dht(options: DhtOptions): Dht {
  const node = new Dht(options)
  closing.push(() => node.close())
  return node
}

/** In both families on loopback. */
const BOTH = ['127.0.0.1', '::1']

async function endpoints(node: Dht): Promise<string[]> {
  const { ipv4, ipv6 } = await node.listening
  return [
    ...(ipv4 === undefined ? [] : [`${ipv4.address}:${ipv4.port}`]),
    ...(ipv6 === undefined ? [] : [`[${ipv6.address}]:${ipv6.port}`]),
  ]
}

async function all(peers: AsyncIterable<DhtPeer>): Promise<DhtPeer[]> {
  const found: DhtPeer[] = []
  for await (const peer of peers) found.push(peer)
  return found
}

describe('two families behind one face', () => {
  testIpv6('[D-93] both listen on one port, and what is announced is found in both', async () => {
    const first = dht({ host: BOTH, bootstrap: [] })
    const { ipv4, ipv6 } = await first.listening
    expect(ipv4?.port).toBe(ipv6?.port)
    const bootstrap = await endpoints(first)
    const server = dht({ host: BOTH, bootstrap })
    await server.ready
    await server.lookup(HASH).summary
    expect(new Set(server.contacts().map(({ family }) => family))).toEqual(new Set(['ipv4', 'ipv6']))
    expect(await server.announce(HASH, { port: 4_444 })).toEqual({ nodes: 2, failed: 0 })
    const client = dht({ host: BOTH, bootstrap, mode: 'client' })
    const peers = await all(client.lookup(HASH))
    expect(peers.map(({ host, port, family }) => `${family} ${host} ${port}`).sort()).toEqual([
      'ipv4 127.0.0.1 4444',
      'ipv6 ::1 4444',
    ])
    for (const { family, from } of peers) expect(from.host.includes(':')).toBe(family === 'ipv6')
    expect(server.externalAddresses).toMatchObject({ ipv4: { host: '127.0.0.1' }, ipv6: { host: '::1' } })
    expect(server.stats().places.map(({ family }) => family)).toEqual(['ipv4', 'ipv6'])
  })

  testIpv6('[D-93] IPv6 alone works, and so does IPv4 alone', async () => {
    const six = dht({ host: '::1', bootstrap: [] })
    expect(Object.keys(await six.listening)).toEqual(['ipv6'])
    expect(
      (await dht({ host: '::1', bootstrap: await endpoints(six) }).ping((await endpoints(six))[0] as string)).id,
    ).toBe(six.nodeId)
    const four = dht({ families: ['ipv4'], bootstrap: [] })
    expect(Object.keys(await four.listening)).toEqual(['ipv4'])
    await expect(four.ping((await endpoints(six))[0] as string)).rejects.toMatchObject({ code: 'SHOAL_NO_ANSWER' })
  })

  testIpv6('[D-92] a node that was told of IPv4 nodes alone finds the IPv6 ones by them', async () => {
    const first = dht({ host: BOTH, bootstrap: [] })
    const known = await endpoints(first)
    const second = dht({ host: BOTH, bootstrap: known })
    await second.ready
    await expect.poll(() => second.stats().places.map(({ contacts }) => contacts)).toEqual([1, 1])
    const third = dht({ host: BOTH, bootstrap: [known[0] as string], network: 'private' })
    await third.ready
    await expect.poll(() => third.stats().places.map(({ contacts }) => contacts > 0)).toEqual([true, true])
  })

  test('[D-93] by default what the machine has is used, without a word about what it has not', async () => {
    const node = dht({ bootstrap: [], network: 'private' })
    await node.ready
    const families = Object.keys(await node.listening)
    expect(families).toContain('ipv4')
    if (hasIpv6) expect(families).toContain('ipv6')
  })

  testIpv6('[D-81] a port that was asked for and is taken in one family is an error; a free one is found', async () => {
    const socket = createSocket({ type: 'udp6', ipv6Only: true })
    await new Promise<void>((resolve) => socket.bind(0, '::1', resolve))
    closing.push(() => socket.close())
    const { port } = socket.address()
    await expect(dht({ host: BOTH, port, bootstrap: [] }).listening).rejects.toBeInstanceOf(PortTakenError)
  })

  test.each<[string, DhtOptions]>([
    ['no families', { families: [] }],
    ['a family that is none', { families: ['ipx' as 'ipv4'] }],
    ['an address of another family', { families: ['ipv6'], host: '127.0.0.1' }],
    ['no addresses', { host: [] }],
    ['an empty address', { host: [''] }],
    ['a state file that is no path', { stateFile: '' }],
  ])('[D-83] wrong use is told at once: %s', (_, options) => {
    expect(() => dht({ bootstrap: [], ...options })).toThrow(UsageError)
  })
})

describe('several addresses', () => {
  test('[D-94] BEP 45: each is a node of its own, and an announcement is made from all', async () => {
    const keeper = dht({ host: '127.0.0.1', bootstrap: [] })
    const bootstrap = await endpoints(keeper)
    const node = dht({ host: ['127.0.0.2', '127.0.0.3', '127.0.0.4'], bootstrap, network: 'private' })
    await node.ready
    await expect.poll(() => node.stats().places.filter(({ contacts }) => contacts > 0).length).toBe(3)
    const { places } = node.stats()
    expect(new Set(places.map(({ nodeId }) => nodeId)).size).toBe(3)
    await node.announce(HASH, { port: 7 })
    const client = dht({ host: '127.0.0.1', bootstrap, mode: 'client' })
    const hosts = (await all(client.lookup(HASH))).map(({ host }) => host)
    expect(hosts.sort()).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.4'])
  })

  test('[D-94] BEP 45: ids made of one that was given differ in their highest bits', () => {
    const random = seededRandom(1)
    const given = randomNodeId(random)
    const places = placesOf({ host: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', 'fd00::1'] })
    const ids = idsFor(places, given, random)
    expect(ids[0]).toBe(given)
    expect(ids[4]).toBe(given)
    for (const [i, a] of ids.slice(0, 4).entries()) {
      for (const b of ids.slice(0, i)) expect(commonPrefixLength(a, b)).toBeLessThan(3)
    }
  })
})
