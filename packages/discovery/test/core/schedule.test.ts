import { MINUTE, type Millis, SECOND, seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { ANNOUNCE_PACE, AnnounceSchedule } from '../../src/core/announce-schedule.ts'
import { LOOKUP_PACE, LookupSchedule } from '../../src/core/lookup-schedule.ts'

/** What one look-up costs at most, and how long it takes. */
const QUERIES_PER_LOOKUP = 60
const LOOKUP_MS: Millis = 2 * SECOND

interface Step {
  readonly at: Millis
  readonly act: (schedule: LookupSchedule, now: Millis) => void
}

/** Runs a look-up schedule in virtual time from 0 to `end`; returns when look-ups began. */
function lookups(end: Millis, steps: readonly Step[] = [], seed = 1): number[] {
  const schedule = new LookupSchedule({ now: 0, random: seededRandom(seed), pace: LOOKUP_PACE })
  const begun: number[] = []
  const left = [...steps].sort((a, b) => a.at - b.at)
  let doneAt: Millis | undefined
  for (;;) {
    const now = Math.min(left[0]?.at ?? Infinity, doneAt ?? Infinity, schedule.pollTimeout() ?? Infinity)
    if (now > end) return begun
    if (left[0]?.at === now) left.shift()?.act(schedule, now)
    else if (doneAt === now) {
      doneAt = undefined
      schedule.handleDone(now)
    }
    if (schedule.poll(now)) {
      expect(doneAt).toBeUndefined()
      begun.push(now)
      doneAt = now + LOOKUP_MS
    }
  }
}

function need(at: Millis, isNeeded: boolean): Step {
  return { at, act: (schedule, now) => schedule.handleNeed(now, isNeeded) }
}

function loss(at: Millis): Step {
  return { at, act: (schedule, now) => schedule.handleLoss(now) }
}

function announces(end: Millis, nodesOf: (attempt: number) => number, seed = 1): number[] {
  const schedule = new AnnounceSchedule({ now: 0, random: seededRandom(seed), pace: ANNOUNCE_PACE })
  const begun: number[] = []
  for (let now: Millis = 0; now <= end; now = schedule.pollTimeout() ?? Infinity) {
    expect(schedule.poll(now)).toBe(true)
    expect(schedule.poll(now)).toBe(false)
    begun.push(now)
    schedule.handleDone(now, nodesOf(begun.length))
  }
  return begun
}

function gaps(times: readonly number[]): number[] {
  return times.slice(1).map((at, i) => at - (times[i] as number))
}

test('[S-30] look-ups begin at once and repeat quickly, then every minute, while there is need', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const times = lookups(10 * MINUTE, [], seed)
    expect(times[0]).toBe(0)
    expect(times.filter((at) => at <= 10 * SECOND).length).toBeGreaterThanOrEqual(3)
    for (const gap of gaps(times)) expect(gap).toBeLessThanOrEqual(90 * SECOND + LOOKUP_MS)
    expect(times.length).toBeGreaterThan(10)
  }
})

test('[S-30] the first look-up is made at once, whatever is known beforehand of places that may all be gone', () => {
  expect(lookups(0, [need(0, false)])).toEqual([0])
})

test('[S-31] a settled client sends under one query a second over ten minutes, and keeps looking', () => {
  for (let seed = 1; seed <= 50; seed++) {
    for (const connectedAt of [100, 1_500, 3 * SECOND]) {
      const times = lookups(10 * MINUTE, [need(connectedAt, false)], seed)
      expect((times.length * QUERIES_PER_LOOKUP) / 600).toBeLessThan(0.75)
      expect(times.filter((at) => at > MINUTE).length).toBeGreaterThanOrEqual(1)
    }
    const later = lookups(60 * MINUTE, [need(100, false)], seed).filter((at) => at > 10 * MINUTE)
    expect((later.length * QUERIES_PER_LOOKUP) / 3_000).toBeLessThan(0.3)
    for (const gap of gaps(later)) expect(gap).toBeLessThanOrEqual(6 * MINUTE + LOOKUP_MS)
  }
})

test('[S-32] the loss of the last server makes look-ups quick again', () => {
  const times = lookups(30 * MINUTE, [need(100, false), need(22 * MINUTE, true)])
  const after = times.filter((at) => at >= 22 * MINUTE)
  expect(after[0]).toBeLessThanOrEqual(22 * MINUTE + 1_500)
  expect(after.filter((at) => at < 22 * MINUTE + 15 * SECOND).length).toBeGreaterThanOrEqual(3)
})

test('[S-32] the loss of one of several servers is followed by a few look-ups', () => {
  const times = lookups(30 * MINUTE, [need(100, false), loss(22 * MINUTE)])
  const after = times.filter((at) => at >= 22 * MINUTE && at < 23 * MINUTE)
  expect(after).toHaveLength(2)
  expect(after[0]).toBeLessThanOrEqual(22 * MINUTE + 4 * SECOND)
})

test('[S-32] peers that flap neither make us flood the DHT nor keep us from looking', () => {
  for (const period of [SECOND, 4 * SECOND, 10 * SECOND, 30 * SECOND, 50 * SECOND]) {
    const flapping: Step[] = []
    for (let at: Millis = MINUTE; at < 60 * MINUTE; at += period) {
      flapping.push(need(at, true), need(at + period / 2, false))
    }
    const times = lookups(60 * MINUTE, flapping)
    expect((times.length * QUERIES_PER_LOOKUP) / 3_600).toBeLessThan(2.5)
    for (const gap of gaps([...times, 60 * MINUTE])) expect(gap).toBeLessThanOrEqual(6 * MINUTE + LOOKUP_MS)
  }
  const losing: Step[] = []
  for (let at: Millis = MINUTE; at < 20 * MINUTE; at += SECOND) losing.push(loss(at))
  expect((lookups(20 * MINUTE, [need(100, false), ...losing]).length * QUERIES_PER_LOOKUP) / 1_200).toBeLessThan(3)
})

test('[S-33] an announce is made at once, twice more early, and then well before it expires', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const times = announces(120 * MINUTE, () => 8, seed)
    expect(times[0]).toBe(0)
    expect(times[1]).toBeLessThanOrEqual(MINUTE)
    const later = gaps(times).slice(1)
    expect(Math.max(...later)).toBeLessThanOrEqual(14 * MINUTE)
    expect(Math.min(...later.slice(1))).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(new Set(later.map(Math.round)).size).toBeGreaterThan(2)
  }
})

test('[S-34] an announce that nobody stored is repeated soon, and more slowly while that lasts', () => {
  const times = announces(30 * MINUTE, (attempt) => (attempt <= 12 ? 0 : 8))
  const waits = gaps(times)
  expect(waits[0]).toBeLessThanOrEqual(3 * SECOND)
  for (const wait of waits.slice(0, 12)) expect(wait).toBeLessThanOrEqual(3 * MINUTE)
  expect(waits[12]).toBeGreaterThan(30 * SECOND)
  const later = announces(60 * MINUTE, (attempt) => (attempt === 4 ? 0 : 8))
  expect((later[4] as number) - (later[3] as number)).toBeLessThanOrEqual(3 * SECOND)
})

test('[S-35] a request looks up and announces at once, and again after one that is on its way', () => {
  const random = seededRandom(1)
  for (const schedule of [
    new LookupSchedule({ now: 0, random, pace: LOOKUP_PACE }),
    new AnnounceSchedule({ now: 0, random, pace: ANNOUNCE_PACE }),
  ]) {
    schedule.handleRequest(0)
    expect(schedule.poll(0)).toBe(true)
    schedule.handleRequest(10)
    schedule.handleRequest(11)
    expect(schedule.poll(12)).toBe(false)
    expect(schedule.pollTimeout()).toBeUndefined()
    schedule.handleDone(100, 8)
    expect(schedule.poll(100)).toBe(true)
    schedule.handleDone(200, 8)
    expect(schedule.poll(200)).toBe(false)
    schedule.handleRequest(300)
    expect(schedule.poll(300)).toBe(true)
    schedule.handleDone(400, 8)
    schedule.handleDone(401, 8)
    expect(schedule.poll(402)).toBe(false)
  }
})
