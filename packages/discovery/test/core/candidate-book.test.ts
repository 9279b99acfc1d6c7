import { HOUR, MINUTE, SECOND } from '@shoal/base'
import type { CandidateSource } from '@shoal/peer'
import { expect, test } from 'vitest'
import { BOOK_LIMITS } from '../../src/core/book-rules.ts'
import { type BookWorld, FAILED, world } from './fixtures.ts'

const A = '45.1.2.3:9000'
const B = '46.1.2.3:9000'

/** Fails `endpoint` as often as it comes, and says after which waits it came. */
function failUntilGone(w: BookWorld, endpoint: string, times: number): number[] {
  const waits: number[] = []
  for (let i = 0; i < times; i++) {
    w.report(endpoint, FAILED)
    const next = w.nextAfter()
    if (next === undefined) break
    waits.push(next.wait)
  }
  return waits
}

test('[S-10] a place comes once, however often and by whomever it is seen', () => {
  const w = world()
  for (const source of ['dht', 'dht', 'cache', 'pex', 'lan'] as const) w.sight(A, source)
  w.sight('::ffff:45.1.2.3:9000')
  expect(w.drain()).toEqual([A])
  w.sight(A)
  expect(w.drain()).toEqual([])
  w.now += 10 * MINUTE
  w.sight(A)
  expect(w.nextAfter()).toBeUndefined()
})

test('[S-10] a candidate tells where it is, how it was found and when', () => {
  const w = world()
  w.sight('2001:DB8::1:9000')
  w.now += SECOND
  w.sight('2001:db8::1:9000')
  expect(w.book.poll(w.now)).toEqual({
    host: '2001:db8::1',
    port: 9000,
    family: 'ipv6',
    source: 'dht',
    firstSeen: 1_000_000,
  })
})

test('[S-11] a failed dial is repeated after doubled waits with jitter, and the eighth makes it dead', () => {
  const first: number[] = []
  for (let seed = 1; seed <= 20; seed++) {
    const w = world({ seed })
    w.sight(A)
    w.drain()
    const waits = failUntilGone(w, A, 20)
    expect(waits).toHaveLength(7)
    for (const [i, wait] of waits.entries()) {
      const middle = Math.min(2 * SECOND * 2 ** i, 5 * MINUTE)
      expect(wait).toBeGreaterThanOrEqual(middle * 0.5)
      expect(wait).toBeLessThanOrEqual(middle * 1.5)
    }
    first.push(waits[0] as number)
    w.connected(B)
    expect(w.sight(A)).toBe('kept-out')
    w.now += 11 * MINUTE
    expect(w.sight(A)).toBe('kept-out')
    w.now += 8 * MINUTE
    expect(w.sight(A)).toBe('added')
    expect(w.drain()).toEqual([A])
  }
  expect(new Set(first).size).toBeGreaterThan(10)
})

test('[S-11] a static place is never given up, and waits a minute and a half at most', () => {
  const w = world()
  w.sight(A, 'static')
  w.drain()
  const waits = failUntilGone(w, A, 50)
  expect(waits).toHaveLength(50)
  expect(Math.max(...waits)).toBeLessThanOrEqual(90 * SECOND)
})

test('[S-12] after a session that lasted it comes again at once', () => {
  const w = world()
  w.sight(A)
  w.drain()
  failUntilGone(w, A, 3)
  w.connected(A)
  w.now += MINUTE
  expect(w.nextAfter()).toBeUndefined()
  w.report(A, { kind: 'disconnected' })
  const next = w.nextAfter()
  expect(next?.endpoint).toBe(A)
  expect(next?.wait).toBeLessThanOrEqual(1_500)
  expect(next?.wait).toBeGreaterThanOrEqual(500)
})

test('[S-12] a peer that flaps is dialled ever more rarely, and then not at all', () => {
  const w = world()
  w.sight(A)
  w.drain()
  const waits: number[] = []
  for (let i = 0; i < 10; i++) {
    w.connected(A)
    w.now += SECOND
    w.report(A, { kind: 'disconnected' })
    const next = w.nextAfter()
    if (next) waits.push(next.wait)
  }
  expect(waits).toHaveLength(7)
  expect(waits.at(-1)).toBeGreaterThan(60 * SECOND)
})

test('[S-13] ourselves and who refused us are kept out whatever is sighted', () => {
  for (const [outcome, least, most] of [
    [{ kind: 'self' }, 0.8 * HOUR, 1.2 * HOUR],
    [{ kind: 'refused', reason: 'other topic' }, 24 * MINUTE, 36 * MINUTE],
  ] as const) {
    const w = world()
    w.sight(A)
    w.drain()
    w.report(A, outcome)
    const from = w.now
    while (w.sight(A) === 'kept-out') w.now += 10 * SECOND
    expect(w.now - from).toBeGreaterThanOrEqual(least)
    expect(w.now - from).toBeLessThanOrEqual(most + 10 * SECOND)
    expect(w.drain()).toEqual([A])
  }
})

test('[S-13] who was refused for now may come again in four minutes; in one where nothing is connected', () => {
  for (const [connected, least, most] of [
    [true, 3.2 * MINUTE, 4.8 * MINUTE],
    [false, 0.8 * MINUTE, 1.2 * MINUTE],
  ] as const) {
    const w = world()
    if (connected) w.connected(B)
    w.sight(A)
    w.drain()
    w.report(A, { kind: 'refused', reason: 'CERTIFICATE_EXPIRED', isPassing: true })
    const from = w.now
    while (w.sight(A) === 'kept-out') w.now += SECOND
    expect(w.now - from).toBeGreaterThanOrEqual(least)
    expect(w.now - from).toBeLessThanOrEqual(most + SECOND)
  }
})

test('[S-13] a static place that was refused comes again within a minute and a half, ever and again', () => {
  const w = world()
  w.sight(A, 'static')
  w.drain()
  for (let i = 0; i < 12; i++) {
    w.report(A, { kind: 'refused', reason: 'not-certified' })
    expect(w.nextAfter()?.wait).toBeLessThanOrEqual(90 * SECOND)
  }
})

test('[S-13] a verdict on an endpoint that was never sighted holds as well', () => {
  const w = world()
  w.report(A, { kind: 'self' })
  expect(w.sight(A)).toBe('kept-out')
  w.report(B, { kind: 'refused', reason: 'forged' })
  expect(w.sight(B, 'static')).toBe('kept-out')
  w.connected(A)
  expect(w.sight(A)).toBe('added')
  expect(w.drain()).toEqual([])
})

test('[S-14] a duplicate waits for the connection that it doubles', () => {
  const w = world()
  w.sight(A)
  w.sight(B)
  w.drain()
  w.connected(A, 'peer')
  w.report(B, { kind: 'duplicate', peerId: 'peer' })
  w.now += 4 * MINUTE
  expect(w.drain()).toEqual([])
  w.report(A, { kind: 'disconnected' })
  w.now += 1_500
  expect(w.drain().sort()).toEqual([A, B])
})

test('[S-14] a duplicate of a connection that we do not know comes again after some ten minutes', () => {
  const w = world()
  w.sight(B)
  w.drain()
  w.report(B, { kind: 'duplicate', peerId: 'inbound' })
  const next = w.nextAfter()
  expect(next?.wait).toBeGreaterThanOrEqual(5 * MINUTE)
  expect(next?.wait).toBeLessThanOrEqual(15 * MINUTE)
})

test('[S-14] a duplicate wakes also when an endpoint that no source told of drops', () => {
  const w = world()
  w.sight(B)
  w.drain()
  w.connected(A, 'peer')
  w.report(B, { kind: 'duplicate', peerId: 'peer' })
  w.report(A, { kind: 'disconnected' })
  w.now += 1_500
  expect(w.drain()).toEqual([B])
})

test('[S-15] reports of unknown endpoints count, and are no candidates', () => {
  const w = world()
  w.connected(A)
  w.connected('example.org:9000')
  expect(w.book.connected).toBe(2)
  expect(w.nextAfter()).toBeUndefined()
  expect(w.sight(A)).toBe('added')
  expect(w.book.connected).toBe(2)
  expect(w.drain()).toEqual([])
  w.now += MINUTE
  w.report(A, { kind: 'disconnected' })
  w.report('EXAMPLE.org:9000', { kind: 'disconnected' })
  expect(w.book.connected).toBe(0)
  expect(w.nextAfter()?.endpoint).toBe(A)
  expect(w.nextAfter()).toBeUndefined()
  for (const kind of ['disconnected', 'failed', 'duplicate'] as const) {
    w.report('47.1.1.1:1', { kind, peerId: 'x', reason: '' } as never)
  }
  expect(w.sight('47.1.1.1:1')).toBe('added')
})

test('[S-16] with nothing connected, a dead place that is still announced is tried again after a minute', () => {
  const w = world()
  w.sight(A)
  w.drain()
  failUntilGone(w, A, 20)
  expect(w.sight(A)).toBe('kept-out')
  w.now += 72 * SECOND
  w.connected(B)
  expect(w.sight(A)).toBe('kept-out')
  w.report(B, { kind: 'disconnected' })
  expect(w.sight(A)).toBe('added')
  expect(w.drain()).toEqual([A])
  w.report(A, FAILED)
  expect(w.nextAfter()).toBeUndefined()
  expect(w.sight(A)).toBe('kept-out')
})

test('[S-17] what is no longer seen is forgotten, but for static and connected places', () => {
  const w = world()
  const C = '47.1.2.3:9000'
  w.sight(A)
  w.sight(B)
  w.sight(C, 'static')
  w.drain()
  w.connected(B)
  w.now += 51 * MINUTE
  w.drain()
  expect([...w.book.places()].map((place) => place.key)).toEqual([B, C])
  expect(w.sight(A)).toBe('added')
  for (let i = 0; i < 10; i++) {
    w.now += 20 * MINUTE
    expect(w.sight(A)).toBe('known')
  }
})

test('[S-18] each bound holds, and each source has a share of its own', () => {
  const w = world({ limits: { keptOutMax: 10, reportedMax: 10 } })
  for (let i = 0; i < 5_000; i++) w.sight(`45.${i >> 8}.${i & 255}.1:9000`)
  expect(w.book.size).toBe(BOOK_LIMITS.perSourceMax.dht)
  for (const [i, source] of (['static', 'roster', 'lan', 'cache', 'pex'] as const).entries()) {
    expect(w.sight(`46.1.1.1:${9000 + i}`, source)).toBe('added')
  }
  for (let i = 1; i <= 300; i++) w.sight(`127.0.0.1:${i}`, 'lan')
  expect(w.book.size).toBe(BOOK_LIMITS.perSourceMax.dht + 4 + 256)
  for (let i = 1; i <= 100; i++) {
    w.report(`48.1.1.1:${i}`, { kind: 'self' })
    w.connected(`49.1.1.1:${i}`)
  }
  expect(w.book.stats()).toMatchObject({ keptOut: 10, connected: 10, full: 5_000 - 1_024 + 300 - 255 })
})

test('[S-18] an IPv6 owner of a /48 is one prefix', () => {
  const w = world()
  for (let i = 0; i < 100; i++) w.sight(`2001:db8:7:${i.toString(16)}::1:9000`)
  expect(w.book.size).toBe(BOOK_LIMITS.perPrefixMax)
})

test('[S-19] sources take turns', () => {
  const w = world()
  for (let i = 1; i <= 50; i++) w.sight(`45.${i}.1.1:9000`)
  for (let i = 1; i <= 3; i++) w.sight(`46.${i}.1.1:9000`, 'cache')
  w.sight(A, 'static')
  const order = w.drain()
  const sources = order
    .slice(0, 7)
    .map((endpoint) => (endpoint === A ? 'static' : endpoint.startsWith('46') ? 'cache' : 'dht'))
  expect(sources).toEqual(['dht', 'cache', 'static', 'dht', 'cache', 'dht', 'cache'])
  expect(order).toHaveLength(54)
})

test('[S-19] prefixes take turns', () => {
  const w = world()
  for (let i = 1; i <= 30; i++) w.sight(`45.1.1.${i}:9000`)
  w.sight(B)
  expect(w.drain().indexOf(B)).toBe(1)
})

test('[S-19] what was connected goes before what is new, and that before what failed, which has every fourth turn', () => {
  const w = world()
  const failing = Array.from({ length: 6 }, (_, i) => `47.${i}.1.1:9000`)
  for (const endpoint of failing) w.sight(endpoint)
  w.sight(A)
  w.drain()
  for (const endpoint of failing) w.report(endpoint, FAILED)
  w.connected(A)
  w.now += MINUTE
  for (let i = 0; i < 30; i++) w.sight(`48.${i}.1.1:9000`)
  w.report(A, { kind: 'disconnected' })
  w.now += 2 * SECOND
  const order = w.drain()
  expect(order).toHaveLength(37)
  expect(order.indexOf(A)).toBe(0)
  const positions = failing.map((endpoint) => order.indexOf(endpoint)).sort((a, b) => a - b)
  expect(positions[0]).toBeLessThanOrEqual(4)
  for (const [i, at] of positions.slice(1).entries()) expect(at - (positions[i] as number)).toBe(4)
})

test('[S-20] room is made by what failed most, then by what had its turn, never by what waits for its first', () => {
  const dht = 4
  const w = world({ limits: { perSourceMax: { ...BOOK_LIMITS.perSourceMax, dht } } })
  const places = ['45.1.1.1:1', '45.2.1.1:1', '45.3.1.1:1', '45.4.1.1:1']
  for (const endpoint of places) w.sight(endpoint)
  expect(w.sight('46.1.1.1:1')).toBe('full')
  w.drain()
  w.connected('45.4.1.1:1')
  w.report('45.2.1.1:1', FAILED)
  const keys = (): string[] => [...w.book.places()].map((place) => place.key)
  expect(w.sight('46.1.1.1:1')).toBe('added')
  expect(keys()).not.toContain('45.2.1.1:1')
  expect(w.sight('46.2.1.1:1')).toBe('added')
  expect(keys()).not.toContain('45.1.1.1:1')
  expect(w.sight('46.3.1.1:1')).toBe('added')
  expect(keys()).toEqual(['45.4.1.1:1', '46.1.1.1:1', '46.2.1.1:1', '46.3.1.1:1'])
  expect(w.sight('46.4.1.1:1')).toBe('full')
  // What made room is not handed out a second time by the next sighting.
  w.drain()
  expect(w.sight('45.1.1.1:1')).toBe('kept-out')
})

test('[S-20] a report on what made room meanwhile is still understood', () => {
  const w = world({ limits: { perSourceMax: { ...BOOK_LIMITS.perSourceMax, dht: 1 } } })
  w.sight(A)
  w.drain()
  w.sight(B)
  w.report(A, FAILED)
  w.connected('47.1.1.1:1')
  w.now += 19 * MINUTE
  w.drain()
  expect(w.sight(A)).toBe('added')
})

test('[S-21] a place of a better source counts as that one’s', () => {
  const w = world()
  const order: CandidateSource[] = ['dht', 'pex', 'cache', 'lan', 'roster', 'static']
  for (const source of order) {
    expect(w.sight(A, source)).toBe(source === 'dht' ? 'added' : 'known')
    expect([...w.book.places()][0]?.source).toBe(source)
  }
  for (const source of order) w.sight(A, source)
  expect(w.book.poll(w.now)?.source).toBe('static')
})

test('[S-21] a better source that is full leaves the place where it is', () => {
  const w = world({ limits: { perSourceMax: { ...BOOK_LIMITS.perSourceMax, lan: 1 } } })
  w.sight(B, 'lan')
  w.sight(A)
  w.sight(A, 'lan')
  expect([...w.book.places()].map((place) => place.source)).toEqual(['lan', 'dht'])
})

test('[S-19] families take turns: IPv6 networks without number delay no IPv4 server, and the other way round', () => {
  for (const [crowd, one] of [
    [(i: number) => `2a00:${i.toString(16)}::1:9000`, A],
    [(i: number) => `45.${i >> 8}.${i & 255}.3:9000`, '2a01::1:9000'],
  ] as const) {
    const w = world()
    for (let i = 1; i <= 500; i++) w.sight(crowd(i))
    w.sight(one)
    const order = w.drain()
    expect(order.indexOf(one)).toBeGreaterThanOrEqual(0)
    expect(order.indexOf(one)).toBeLessThanOrEqual(1)
  }
})
