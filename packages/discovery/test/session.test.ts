/** Sessions and the search of their topic over a source that does what the test says, in faked time. */

import { MINUTE, SECOND, seededRandom } from '@shoal/base'
import type { Candidate, CandidateSource } from '@shoal/peer'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ANNOUNCE_PACE } from '../src/core/announce-schedule.ts'
import { BOOK_LIMITS } from '../src/core/book-rules.ts'
import { LOOKUP_PACE } from '../src/core/lookup-schedule.ts'
import { newSearchCounts } from '../src/core/topic-machine.ts'
import { Session } from '../src/session.ts'
import { TopicSearch } from '../src/topic-search.ts'
import { FakeSource } from './fake-source.ts'

const A = { host: '45.1.2.3', port: 9000 }
const B = { host: '46.1.2.3', port: 9000 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function topic(): {
  source: FakeSource
  search: TopicSearch
  join(port?: number, announceTo?: readonly CandidateSource[]): Session
  emptied: () => number
} {
  const source = new FakeSource()
  const random = seededRandom(1)
  let emptied = 0
  const search = new TopicSearch({
    topic: { key: new Uint8Array(20), topic: undefined, infoHashes: () => [new Uint8Array(20)] },
    sources: [source],
    random,
    paces: { lookup: LOOKUP_PACE, announce: ANNOUNCE_PACE },
    limits: BOOK_LIMITS,
    counts: newSearchCounts(),
    onEmpty: () => {
      emptied += 1
    },
  })
  return {
    source,
    search,
    emptied: () => emptied,
    join: (port, announceTo) =>
      new Session({
        search,
        port: port === undefined ? undefined : { port, impliedPort: false },
        announceTo,
        onLeft: () => {},
      }),
  }
}

/** Reads for ever, into a list. */
function reading(session: Session): Candidate[] {
  const list: Candidate[] = []
  void (async () => {
    for await (const candidate of session) list.push(candidate)
  })()
  return list
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

test('[S-31] a settled client asks five or six times in ten minutes', async () => {
  const { source, join } = topic()
  source.auto = [A.host]
  const session = join()
  const list = reading(session)
  await settle()
  expect(list).toMatchObject([A])
  session.report(A, { kind: 'connected', peerId: 'a', proven: true })
  await vi.advanceTimersByTimeAsync(10 * MINUTE)
  expect(source.lookups.length).toBeGreaterThanOrEqual(3)
  expect((source.lookups.length * 60) / 600).toBeLessThan(0.75)
  expect(source.announces).toHaveLength(0)
  await session.leave()
})

test('[S-30] without a connected server look-ups repeat quickly; with one found and no reports they do not', async () => {
  const { source, join } = topic()
  source.auto = []
  const session = join()
  await vi.advanceTimersByTimeAsync(20 * SECOND)
  expect(source.lookups.length).toBeGreaterThanOrEqual(4)
  source.sight(A.host)
  await vi.advanceTimersByTimeAsync(MINUTE)
  const before = source.lookups.length
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  expect(source.lookups.length - before).toBeLessThanOrEqual(1)
  session.report(A, { kind: 'failed', reason: 'time-out' })
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  expect(source.lookups.length - before).toBeGreaterThanOrEqual(3)
  await session.leave()
})

test('[S-32] a lost server brings a look-up within two seconds', async () => {
  const { source, join } = topic()
  source.auto = [A.host]
  const session = join()
  await settle()
  session.report(A, { kind: 'connected', peerId: 'a', proven: true })
  await vi.advanceTimersByTimeAsync(3 * MINUTE)
  const before = source.lookups.length
  session.report(A, { kind: 'disconnected' })
  await vi.advanceTimersByTimeAsync(2 * SECOND)
  expect(source.lookups.length).toBeGreaterThan(before)
  await session.leave()
})

test('[S-42] after leave nothing more is asked or announced, what was on its way is aborted, and the loop ends', async () => {
  const { source, join, emptied } = topic()
  const session = join(9000)
  const ended = session[Symbol.asyncIterator]().next()
  await settle()
  expect(source.lookups[0]?.signal.aborted).toBe(false)
  await session.leave()
  expect(source.lookups[0]?.signal.aborted).toBe(true)
  expect(source.announces[0]?.signal.aborted).toBe(true)
  expect(await ended).toEqual({ done: true, value: undefined })
  expect(await session[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  expect([source.detached, emptied()]).toEqual([1, 1])
  session.update()
  session.report(A, { kind: 'disconnected' })
  await session.leave()
  await vi.advanceTimersByTimeAsync(60 * MINUTE)
  expect([source.lookups.length, source.announces.length]).toEqual([1, 1])
  expect(vi.getTimerCount()).toBe(0)
})

test('[S-42] a port is announced as long as one session announces it', async () => {
  const { source, join } = topic()
  source.auto = []
  const first = join(9000)
  const second = join(9000)
  const third = join(9001)
  await settle()
  expect(source.announces.map(({ port }) => port)).toEqual([9000, 9001])
  await first.leave()
  await third.leave()
  await vi.advanceTimersByTimeAsync(30 * MINUTE)
  const ports = source.announces.slice(2).map(({ port }) => port)
  expect(ports.length).toBeGreaterThanOrEqual(3)
  expect(new Set(ports)).toEqual(new Set([9000]))
  await second.leave()
  const before = source.announces.length
  await vi.advanceTimersByTimeAsync(60 * MINUTE)
  expect(source.announces.length).toBe(before)
})

test('[S-36] however many sessions and updates there are, one look-up is on its way', async () => {
  const { source, join } = topic()
  const sessions = [join(), join(9000), join()]
  for (let i = 0; i < 5; i++) for (const session of sessions) session.update()
  await settle()
  expect(source.lookups).toHaveLength(1)
  source.lookups[0]?.finish()
  await settle()
  expect(source.lookups).toHaveLength(2)
  expect(source.runningMost).toBe(1)
  for (const session of sessions) await session.leave()
})

test('[S-43] each session of a topic gets every place, also those found before it', async () => {
  const { source, join } = topic()
  const first = join()
  const firstList = reading(first)
  source.sight(A.host)
  await settle()
  const second = join()
  const secondList = reading(second)
  source.sight(B.host)
  source.sight(A.host)
  await settle()
  expect(firstList).toMatchObject([A, B])
  expect(secondList).toMatchObject([A, B])
  await first.leave()
  source.sight('47.1.1.1')
  await settle()
  expect([firstList.length, secondList.length]).toEqual([2, 3])
  await second.leave()
})

test('[S-45] events tell how look-ups and announces ended, and what broke off is repeated', async () => {
  const { source, join } = topic()
  const session = join(9000)
  const seen: unknown[] = []
  for (const name of ['announced', 'searched', 'fault', 'left'] as const)
    session.on(name, (event?: object) => seen.push({ name, ...event }))
  await settle()
  const error = new Error('no network')
  source.lookups[0]?.fail(error)
  await settle()
  source.announces[0]?.finish(0)
  await settle()
  expect(seen).toEqual([
    { name: 'fault', source: 'dht', action: 'lookup', error },
    { name: 'searched', source: 'dht', answered: false },
    { name: 'announced', source: 'dht', nodes: 0 },
  ])
  seen.length = 0
  await vi.advanceTimersByTimeAsync(3 * SECOND)
  expect([source.lookups.length, source.announces.length]).toEqual([2, 2])
  source.announces[1]?.fail(error)
  await settle()
  source.lookups[1]?.finish()
  await settle()
  await vi.advanceTimersByTimeAsync(6 * SECOND)
  source.announces[2]?.finish(5)
  await session.leave()
  expect(seen).toEqual([
    { name: 'fault', source: 'dht', action: 'announce', error },
    { name: 'announced', source: 'dht', nodes: 0 },
    { name: 'searched', source: 'dht', answered: true },
    { name: 'left' },
  ])
})

test('[S-48] leaving a loop early keeps what was not handed out for the next loop', async () => {
  const { source, join } = topic()
  const session = join()
  source.sight(A.host)
  source.sight(B.host)
  const seen: string[] = []
  for await (const { host } of session) {
    seen.push(host)
    break
  }
  for await (const { host } of session) {
    seen.push(host)
    break
  }
  expect(seen).toEqual([A.host, B.host])
  const loop = session[Symbol.asyncIterator]()
  const waiting = loop.next()
  await loop.return?.()
  expect(await waiting).toEqual({ done: true, value: undefined })
  source.sight('47.1.1.1')
  expect(await session[Symbol.asyncIterator]().next()).toMatchObject({ done: false, value: { host: '47.1.1.1' } })
  await session.leave()
})

test('[S-11] a reader that waits gets a failed candidate again when its back-off is over', async () => {
  const { source, join } = topic()
  const session = join()
  const list = reading(session)
  source.sight(A.host)
  await settle()
  session.report(A, { kind: 'failed', reason: 'time-out' })
  await vi.advanceTimersByTimeAsync(900)
  expect(list).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(2_200)
  expect(list).toHaveLength(2)
  await session.leave()
})

test('[S-105] a port can be kept from a source, told to it later, and taken back, while the session goes on', async () => {
  const { source, join } = topic()
  const session = join(9_000, ['lan'])
  await vi.advanceTimersByTimeAsync(0)
  expect(source.lookups).toHaveLength(1)
  expect(source.announces).toHaveLength(0)
  void session.announceTo()
  expect(source.announces).toHaveLength(1)
  // Said twice, it changes nothing.
  void session.announceTo()
  expect(source.announces).toHaveLength(1)
  const silenced = session.announceTo(['lan'])
  expect(source.announces[0]?.signal.aborted).toBe(true)
  source.announces[0]?.finish(1)
  await silenced
  await vi.advanceTimersByTimeAsync(60 * MINUTE)
  expect(source.announces).toHaveLength(1)
})

test('[O-25] who is not to be announced any more is told to no source again, and can be later', async () => {
  const { source, join } = topic()
  const session = join(9_000)
  await settle()
  expect(source.announces).toHaveLength(1)
  session.announce(false)
  expect(source.announces[0]?.signal.aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(60 * MINUTE)
  expect(source.announces).toHaveLength(1)
  session.announce(true)
  await settle()
  expect(source.announces).toHaveLength(2)
  await session.leave()
})

function ownedSearch(): { roster: FakeSource; other: FakeSource; session: Session } {
  const other = new FakeSource()
  const roster: FakeSource = Object.assign(new FakeSource(), { kind: 'roster' as const })
  const search = new TopicSearch({
    topic: { key: new Uint8Array(20), topic: undefined, infoHashes: () => [new Uint8Array(20)] },
    sources: [roster, other],
    random: seededRandom(1),
    paces: { lookup: LOOKUP_PACE, announce: ANNOUNCE_PACE },
    limits: BOOK_LIMITS,
    counts: newSearchCounts(),
    onEmpty: () => {},
  })
  return { roster, other, session: new Session({ search, port: undefined, announceTo: undefined, onLeft: () => {} }) }
}

test('[O-16] on a topic with an owner nobody is dialled before the roster was read', async () => {
  const { roster, other, session } = ownedSearch()
  let isThere = false
  const next = session[Symbol.asyncIterator]()
    .next()
    .then(({ value }) => {
      isThere = true
      return value as unknown
    })
  other.sight('45.1.1.1')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(isThere).toBe(false)
  roster.lookups[0]?.finish()
  await vi.advanceTimersByTimeAsync(0)
  expect(isThere).toBe(true)
  expect(await next).toMatchObject({ host: '45.1.1.1' })
  await session.leave()
})

test('[O-16] where nobody tells the roster, three seconds are enough', async () => {
  const { other, session } = ownedSearch()
  let isThere = false
  void session[Symbol.asyncIterator]()
    .next()
    .then(() => (isThere = true))
  other.sight('45.1.1.1')
  await vi.advanceTimersByTimeAsync(2_900)
  expect(isThere).toBe(false)
  await vi.advanceTimersByTimeAsync(200)
  expect(isThere).toBe(true)
  await session.leave()
})
