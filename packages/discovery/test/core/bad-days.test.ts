/** Networks that fail, move and come back, before the machine of one topic, in virtual time. */

import { type Endpoint, HOUR, MINUTE, type Millis, SECOND, seededRandom } from '@shoal/base'
import type { Candidate, CandidateSource } from '@shoal/peer'
import { expect, test } from 'vitest'
import { TopicMachine, type TopicMember } from '../../src/core/index.ts'

const PORT = { port: 9_000, impliedPort: false }
const LOOKUP_MS = 800

/** A client and what it meets: who is there is connected when it is dialled, who is not fails. */
class Day {
  now: Millis = 1_000_000
  readonly machine: TopicMachine
  readonly member: TopicMember
  /** Endpoints where a server is, by what the DHT shows, and those that are really there. */
  announced: string[] = []
  readonly there = new Set<string>()
  isOnline = true
  readonly connected = new Set<string>()
  readonly dials: { at: Millis; endpoint: string }[] = []
  readonly lookups: Millis[] = []
  readonly announces: Millis[] = []
  readonly #jobs: { at: Millis; run: () => void }[] = []

  constructor(seed: number, { port = false, sources = ['dht'] as CandidateSource[] } = {}) {
    const abilities = sources.map((source) => ({ source, looksUp: true, announces: source === 'dht' }))
    this.machine = new TopicMachine({ now: this.now, random: seededRandom(seed), sources: abilities })
    this.member = this.machine.join(this.now, port ? { port: PORT } : {})
  }

  run(time: Millis): void {
    const end = this.now + time
    for (;;) {
      this.#settle()
      const waits = [this.machine.pollTimeout(), this.member.book.pollTimeout(), ...this.#jobs.map(({ at }) => at)]
      const next = Math.min(...waits.filter((at) => at !== undefined))
      if (next > end) break
      this.now = Math.max(this.now, next)
      for (const job of this.#jobs.filter(({ at }) => at <= this.now)) {
        this.#jobs.splice(this.#jobs.indexOf(job), 1)
        job.run()
      }
    }
    this.now = end
  }

  /** These are there no longer; who was connected to them sees it. */
  lose(...endpoints: string[]): void {
    for (const endpoint of endpoints) {
      this.there.delete(endpoint)
      if (this.connected.delete(endpoint)) this.#report(endpoint, 'disconnected')
    }
  }

  goOffline(): void {
    this.isOnline = false
    for (const endpoint of [...this.connected]) {
      this.connected.delete(endpoint)
      this.#report(endpoint, 'disconnected')
    }
  }

  since(list: readonly Millis[], at: Millis): number {
    return list.filter((each) => each >= at).length
  }

  #settle(): void {
    for (let effect = this.machine.pollEffect(this.now); effect; effect = this.machine.pollEffect(this.now)) {
      if (effect.kind === 'lookup') {
        const { task, source } = effect
        if (source === 'dht') this.lookups.push(this.now)
        this.#later(LOOKUP_MS, () => {
          const found = source === 'dht' && this.isOnline ? this.announced : []
          for (const endpoint of found) this.machine.handleSighting(this.now, { ...split(endpoint), source })
          this.machine.handleSearched(this.now, task)
        })
      } else if (effect.kind === 'announce') {
        const { task } = effect
        this.announces.push(this.now)
        this.#later(LOOKUP_MS, () => this.machine.handleAnnounced(this.now, task, this.isOnline ? 8 : 0))
      }
    }
    for (let next: Candidate | undefined; (next = this.machine.pollCandidate(this.now, this.member)); ) this.#dial(next)
  }

  #dial(candidate: Candidate): void {
    const endpoint = `${candidate.host}:${candidate.port}`
    this.dials.push({ at: this.now, endpoint })
    const isThere = this.isOnline && this.there.has(endpoint)
    this.#later(isThere ? 100 : SECOND, () => {
      if (isThere) this.connected.add(endpoint)
      this.#report(endpoint, isThere ? 'connected' : 'failed')
    })
  }

  #report(endpoint: string, kind: 'connected' | 'disconnected' | 'failed'): void {
    const outcome =
      kind === 'connected'
        ? { kind, peerId: endpoint, proven: true }
        : kind === 'failed'
          ? { kind, reason: 'time-out' }
          : { kind }
    this.machine.report(this.now, this.member, split(endpoint), outcome)
  }

  #later(delay: Millis, run: () => void): void {
    this.#jobs.push({ at: this.now + delay, run })
  }
}

const A = '45.1.2.3:9000'
const B = '46.1.2.3:9000'
const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1)

function split(endpoint: string): Endpoint {
  const [host = '', port] = endpoint.split(':')
  return { host, port: Number(port) }
}

function connectedDay(seed: number, ...endpoints: string[]): Day {
  const day = new Day(seed)
  day.announced = endpoints
  for (const endpoint of endpoints) day.there.add(endpoint)
  day.run(10 * MINUTE)
  expect([...day.connected].sort()).toEqual([...endpoints].sort())
  return day
}

test('[S-121] the only server vanishes: the client looks again within two seconds, and at most 23 s apart for ten minutes', () => {
  for (const seed of SEEDS) {
    const day = connectedDay(seed, A)
    const at = day.now
    day.lose(A)
    day.run(10 * MINUTE)
    const times = day.lookups.filter((each) => each >= at)
    expect(times[0]).toBeLessThanOrEqual(at + 2 * SECOND)
    for (const [i, time] of times.slice(1).entries()) {
      expect(time - (times[i] as Millis)).toBeLessThanOrEqual(22.5 * SECOND + LOOKUP_MS)
    }
    // Somebody new, at any time in these minutes.
    day.announced = [B]
    day.there.add(B)
    day.run(25 * SECOND)
    expect(day.connected.has(B)).toBe(true)
    // A settled client is quiet again.
    const settled = day.now
    day.run(30 * MINUTE)
    expect(day.since(day.lookups, settled)).toBeLessThan(12)
  }
})

test('[S-121] nobody is there for hours: look-ups go on, rarely', () => {
  for (const seed of SEEDS) {
    const day = new Day(seed)
    day.run(HOUR)
    const at = day.now
    day.run(HOUR)
    expect(day.since(day.lookups, at)).toBeGreaterThanOrEqual(40)
    expect(day.since(day.lookups, at)).toBeLessThan(90)
  }
})

test('[S-122] a server that was there for a while is dialled again at least every 23 s after its loss: a partition heals in seconds', () => {
  for (const seed of SEEDS) {
    const day = connectedDay(seed, A, B)
    day.lose(A)
    // The DHT has forgotten it, and there is no need for it: B is there.
    day.announced = [B]
    day.run(15 * MINUTE)
    day.there.add(A)
    day.run(24 * SECOND)
    expect(day.connected.has(A)).toBe(true)
  }
})

test('[S-122] one that was never there for long is given up as before', () => {
  const day = connectedDay(1, B)
  day.announced = [A, B]
  day.run(HOUR)
  const at = day.now
  day.run(10 * MINUTE)
  expect(day.dials.filter((dial) => dial.endpoint === A && dial.at >= at).length).toBeLessThanOrEqual(8)
})

test('[S-123] started offline, the network comes after an hour: found within a look-up once woken, without it within a minute and a half', () => {
  for (const seed of SEEDS) {
    for (const isWoken of [true, false]) {
      const day = new Day(seed, { port: true })
      day.isOnline = false
      day.announced = [A]
      day.there.add(A)
      day.run(HOUR)
      expect(day.connected.size).toBe(0)
      day.isOnline = true
      const at = day.now
      if (isWoken) day.machine.handleWake(day.now)
      day.run(isWoken ? 3 * SECOND : 95 * SECOND)
      expect(day.connected.has(A)).toBe(true)
      if (isWoken) expect(day.since(day.announces, at)).toBeGreaterThanOrEqual(1)
    }
  }
})

test('[S-123] after sleep, or on another network, the port is announced and what was lost is dialled at once', () => {
  for (const seed of SEEDS) {
    const day = new Day(seed, { port: true })
    day.announced = [A]
    day.there.add(A)
    day.run(10 * MINUTE)
    day.goOffline()
    day.run(5 * MINUTE)
    day.isOnline = true
    const at = day.now
    day.machine.handleWake(day.now)
    // One may be on its way in vain at this very moment.
    day.run(3 * SECOND)
    expect(day.connected.has(A)).toBe(true)
    expect(day.since(day.announces, at)).toBe(1)
    expect(day.since(day.lookups, at)).toBeGreaterThanOrEqual(1)
  }
})

test('[S-123] to be woken again and again asks for no more than one look-up and one announce at a time', () => {
  const day = connectedDay(1, A)
  const at = day.now
  for (let i = 0; i < 10; i++) day.machine.handleWake(day.now)
  day.run(2 * SECOND)
  expect(day.since(day.lookups, at)).toBeLessThanOrEqual(2)
})

test('[S-124] half of the servers are gone: the others stay, and those that come instead are found within seconds', () => {
  for (const seed of SEEDS) {
    const servers = Array.from({ length: 10 }, (_, i) => `45.${i}.2.3:9000`)
    const day = connectedDay(seed, ...servers)
    day.lose(...servers.slice(0, 5))
    const instead = servers.slice(0, 5).map((endpoint) => endpoint.replace('45.', '47.'))
    day.announced = [...servers, ...instead]
    for (const endpoint of instead) day.there.add(endpoint)
    day.run(25 * SECOND)
    expect([...day.connected].sort()).toEqual([...servers.slice(5), ...instead].sort())
  }
})

test('[S-124] a server that moves is found at its new place', () => {
  for (const seed of SEEDS) {
    const day = connectedDay(seed, A)
    day.lose(A)
    day.announced = [A, B]
    day.there.add(B)
    day.run(5 * SECOND)
    expect([...day.connected]).toEqual([B])
  }
})
