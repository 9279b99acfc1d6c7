/** Members of a private topic, each with a clock of its own, on a DHT that forgets as Mainline does and writes everything down. */
import { createHash } from 'node:crypto'
import { type Endpoint, HOUR, MINUTE, type Millis, seededRandom, toHex } from '@shoal/base'
import { infoHashesAt, type PrivateTopic, privateTopic, topicKey } from '@shoal/peer'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ANNOUNCE_PACE } from '../src/core/announce-schedule.ts'
import { BOOK_LIMITS } from '../src/core/book-rules.ts'
import { LOOKUP_PACE } from '../src/core/lookup-schedule.ts'
import { newSearchCounts } from '../src/core/topic-machine.ts'
import { type DhtLike, type DhtLookupLike, DhtSource } from '../src/node/dht-source.ts'
import { Session } from '../src/session.ts'
import { TopicSearch } from '../src/topic-search.ts'

const SECRET = 'an-example-secret-0123456789'
const MIDNIGHT = Date.UTC(2026, 5, 2)
/** Mainline nodes keep a peer for about so long. */
const KEPT: Millis = 30 * MINUTE

interface Seen {
  readonly hash: string
  readonly at: Millis
  readonly what: 'lookup' | 'announce'
}

class Recorder {
  readonly seen: Seen[] = []
  readonly #peers = new Map<string, Map<number, Millis>>()

  /** As one node of the network sees it. */
  at(host: string): DhtLike {
    return {
      listening: Promise.resolve(),
      externalAddress: undefined,
      lookup: (infoHash) => this.#lookup(toHex(infoHash), host),
      announce: (infoHash, { port }) => {
        const hash = toHex(infoHash)
        this.seen.push({ hash, at: Date.now(), what: 'announce' })
        const peers = this.#peers.get(hash) ?? new Map<number, Millis>()
        this.#peers.set(hash, peers.set(port, Date.now() + KEPT))
        return Promise.resolve({ nodes: 8 })
      },
    }
  }

  #lookup(hash: string, host: string): DhtLookupLike {
    this.seen.push({ hash, at: Date.now(), what: 'lookup' })
    const found = [...(this.#peers.get(hash) ?? [])].flatMap(([port, until]) =>
      until > Date.now() ? [{ host: '45.1.1.1', port, from: { host, port: 1 } }] : [],
    )
    return {
      summary: Promise.resolve({ answered: 8 }),
      async *[Symbol.asyncIterator](): AsyncGenerator<Endpoint & { from: Endpoint }> {
        yield* found
      },
    }
  }
}

function member(
  recorder: Recorder,
  topic: PrivateTopic,
  { skew = 0, port }: { skew?: Millis; port?: number },
): Session {
  const search = new TopicSearch({
    topic: { key: topicKey(topic), topic, infoHashes: () => infoHashesAt(topic, Date.now() + skew) },
    sources: [new DhtSource(recorder.at('9.9.9.9'), () => Promise.resolve())],
    random: seededRandom(3),
    paces: { lookup: LOOKUP_PACE, announce: ANNOUNCE_PACE },
    limits: BOOK_LIMITS,
    counts: newSearchCounts(),
    onEmpty: () => {},
  })
  const announced = port === undefined ? undefined : { port, impliedPort: false }
  return new Session({ search, port: announced, announceTo: undefined, onLeft: () => {} })
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

for (const skew of [50 * MINUTE, -50 * MINUTE]) {
  test(`[Q-5] members with clocks ${skew / MINUTE} minutes apart find each other at once, whenever around midnight one comes`, async () => {
    vi.setSystemTime(MIDNIGHT - 3 * HOUR)
    const recorder = new Recorder()
    const topic = privateTopic(SECRET)
    member(recorder, topic, { port: 9_000 })
    await vi.advanceTimersByTimeAsync(MINUTE)
    for (let minutes = -3 * 60; minutes < 3 * 60; minutes += 10) {
      const client = member(recorder, topic, { skew })
      const found = client[Symbol.asyncIterator]().next()
      await vi.advanceTimersByTimeAsync(0)
      await expect(found).resolves.toMatchObject({ value: { port: 9_000 } })
      await client.leave()
      await vi.advanceTimersByTimeAsync(10 * MINUTE)
    }
  })
}

test('[Q-6] who records all DHT traffic for two days sees hashes that have nothing in common, each for a day and its overlaps', async () => {
  vi.setSystemTime(MIDNIGHT + 12 * HOUR)
  const recorder = new Recorder()
  const topic = privateTopic(SECRET)
  member(recorder, topic, { port: 9_000 })
  const client = member(recorder, topic, {})
  client.report({ host: '45.1.1.1', port: 9_000 }, { kind: 'connected', peerId: 'p', proven: true })
  await vi.advanceTimersByTimeAsync(48 * HOUR)

  const hashes = [...new Set(recorder.seen.map(({ hash }) => hash))]
  expect(hashes).toHaveLength(3)
  hashes.forEach((hash, day) => {
    const times = recorder.seen.filter((seen) => seen.hash === hash).map(({ at }) => at)
    const begins = MIDNIGHT + day * 24 * HOUR
    expect(Math.min(...times)).toBeGreaterThanOrEqual(begins - HOUR)
    expect(Math.max(...times)).toBeLessThan(begins + 25 * HOUR)
  })
  for (const what of ['lookup', 'announce'] as const) {
    for (const hash of hashes) expect(recorder.seen.some((seen) => seen.hash === hash && seen.what === what)).toBe(true)
  }
  // Nothing that can be computed without the secret leads to them: not from its text, its tag or one another.
  const known = [topic.reveal(), topic.publicId, SECRET, ...hashes]
  const sums = known.flatMap((text) => {
    const bytes = [Buffer.from(text), Buffer.from(text, 'hex')]
    return bytes.flatMap((each) =>
      ['sha1', 'sha256'].map((name) => createHash(name).update(each).digest('hex').slice(0, 40)),
    )
  })
  for (const hash of hashes) expect(sums).not.toContain(hash)
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < i; j++) expect(bitsApart(hashes[i] as string, hashes[j] as string)).toBeGreaterThan(50)
  }
})

/** Of 160, 80 on average (deviation 6.3) where they are unrelated. */
function bitsApart(a: string, b: string): number {
  const difference = BigInt(`0x${a}`) ^ BigInt(`0x${b}`)
  return [...difference.toString(2)].filter((bit) => bit === '1').length
}
