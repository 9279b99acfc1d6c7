import { SECOND } from '@shoal/base'
import type { CandidateSource, DialOutcome } from '@shoal/peer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BOOK_LIMITS, type BookLimits } from '../../src/core/book-rules.ts'
import { FAILED, world } from './fixtures.ts'

const SMALL: BookLimits = {
  perSourceMax: { invite: 4, static: 4, roster: 4, lan: 4, cache: 5, pex: 5, dht: 8 },
  perPrefixMax: 3,
  perOwnAddressMax: 4,
  keptOutMax: 64,
  reportedMax: 4,
}

const endpoint = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }))
  .map(([prefix, last]) => (prefix === 4 ? `10.0.0.1:${last}` : `45.${prefix}.1.${last}:9000`))
const source = fc.constantFrom<CandidateSource>('static', 'roster', 'lan', 'cache', 'pex', 'dht')
const peerId = fc.constantFrom('p', 'q', 'r')
const outcome: fc.Arbitrary<DialOutcome> = fc.oneof(
  peerId.map((id) => ({ kind: 'connected', peerId: id, proven: true }) as const),
  peerId.map((id) => ({ kind: 'duplicate', peerId: id }) as const),
  fc.constantFrom<DialOutcome>({ kind: 'disconnected' }, { kind: 'self' }, { kind: 'refused', reason: 'x' }, FAILED),
)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sight' as const), endpoint, source }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('report' as const), endpoint, outcome }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('poll' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 20 * SECOND }) }),
  },
)

test('[S-10] no sequence of sightings, reports and waits brings an endpoint twice without a report in between', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 1_000 }), (steps, seed) => {
      const w = world({ seed, limits: SMALL })
      const out = new Set<string>()
      const connected = new Set<string>()
      for (const s of steps) {
        if (s.kind === 'wait') w.now += s.ms
        else if (s.kind === 'sight') w.sight(s.endpoint, s.source, '10.0.0.9')
        else if (s.kind === 'report') {
          w.report(s.endpoint, s.outcome)
          out.delete(s.endpoint)
          connected.delete(s.endpoint)
          if (s.outcome.kind === 'connected') connected.add(s.endpoint)
        } else {
          const next = w.book.poll(w.now)
          if (next === undefined) continue
          const key = `${next.host}:${next.port}`
          expect(out.has(key)).toBe(false)
          out.add(key)
        }
      }
      expect(w.book.connected).toBeLessThanOrEqual(connected.size)
    }),
    { numRuns: 300 },
  )
})

test('[S-18] no sequence makes the book greater than its bounds', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const w = world({ limits: { ...SMALL, keptOutMax: 5 } })
      for (const s of steps) {
        if (s.kind === 'wait') w.now += s.ms
        else if (s.kind === 'sight') w.sight(s.endpoint, s.source, '10.0.0.9')
        else if (s.kind === 'report') w.report(s.endpoint, s.outcome)
        else w.drain()
        const counts = new Map<string, number>()
        for (const place of w.book.places()) {
          counts.set(place.source, (counts.get(place.source) ?? 0) + 1)
          const prefix = `${place.source} ${place.prefix}`
          counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
          expect(counts.get(prefix)).toBeLessThanOrEqual(place.scope === 'global' ? 3 : 4)
          expect(counts.get(place.source)).toBeLessThanOrEqual(SMALL.perSourceMax[place.source])
        }
        expect(w.book.stats().keptOut).toBeLessThanOrEqual(5)
      }
    }),
    { numRuns: 200 },
  )
})

test.each([true, false])(
  '[S-19] 100,000 sightings of one prefix leave room and turns for genuine servers of others (read meanwhile: %s)',
  (isRead) => {
    const w = world()
    const handedOut: string[] = []
    for (let i = 0; i < 100_000; i++) {
      w.sight(`45.1.1.${i & 255}:${1 + (i >> 8)}`)
      if (isRead && i % 50 === 0) {
        for (const fake of w.drain()) {
          handedOut.push(fake)
          w.report(fake, FAILED)
        }
      }
    }
    expect(w.book.size).toBeLessThanOrEqual(BOOK_LIMITS.perPrefixMax)
    const genuine = ['46.1.1.1:9000', '47.1.1.1:9000', '48.1.1.1:9000']
    for (const one of genuine) expect(w.sight(one)).toBe('added')
    expect(w.drain().slice(0, 4)).toEqual(expect.arrayContaining(genuine))
    if (isRead) expect(handedOut.length).toBeGreaterThan(BOOK_LIMITS.perPrefixMax)
  },
)

test('[S-19] fakes in 20 prefixes delay a genuine server by one turn of each', () => {
  const w = world()
  for (let i = 0; i < 1_000; i++) w.sight(`45.${i % 20}.1.${i >> 4}:9000`)
  w.sight('46.1.1.1:9000')
  expect(w.drain().indexOf('46.1.1.1:9000')).toBeLessThanOrEqual(20)
})
