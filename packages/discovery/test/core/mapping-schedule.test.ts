import { MINUTE, SECOND } from '@shoal/base'
import { expect, test } from 'vitest'
import { MappingSchedule } from '../../src/core/mapping-schedule.ts'

/** The middle of every range: no jitter. */
const EVEN = { uint32: () => 0x8000_0000, bytes: (length: number) => new Uint8Array(length) }

test('[S-101] the router is asked at once, and again after a third of the lease', () => {
  const schedule = new MappingSchedule(1_000, EVEN)
  expect(schedule.poll(1_000)).toBe(true)
  // One at a time.
  expect(schedule.poll(2_000)).toBe(false)
  expect(schedule.pollTimeout()).toBeUndefined()
  schedule.handleMapped(2_000, 60 * MINUTE)
  const at = schedule.pollTimeout() as number
  expect(at).toBeGreaterThan(2_000 + 17 * MINUTE)
  expect(at).toBeLessThan(2_000 + 23 * MINUTE)
  expect(schedule.poll(at - 1)).toBe(false)
  expect(schedule.poll(at)).toBe(true)
})

test('[S-101] a renewal that fails is repeated while the lease runs, and the mapping is lost only with the lease', () => {
  const schedule = new MappingSchedule(0, EVEN)
  let now = 0
  expect(schedule.poll(now)).toBe(true)
  schedule.handleMapped(now, 10 * MINUTE)
  let tries = 0
  let lostAt: number | undefined
  while (lostAt === undefined && tries < 100) {
    now = schedule.pollTimeout() as number
    expect(schedule.poll(now)).toBe(true)
    if (schedule.handleFailed(now)) lostAt = now
    tries += 1
  }
  expect(lostAt).toBeGreaterThanOrEqual(10 * MINUTE)
  expect(lostAt).toBeLessThan(11 * MINUTE)
  expect(tries).toBeGreaterThan(3)
})

test('[S-101] where no router maps it is asked ever more rarely, half an hour apart in the end', () => {
  const schedule = new MappingSchedule(0, EVEN)
  let now = 0
  const waits: number[] = []
  for (let i = 0; i < 12; i++) {
    expect(schedule.poll(now)).toBe(true)
    expect(schedule.handleFailed(now)).toBe(true)
    const next = schedule.pollTimeout() as number
    waits.push(next - now)
    now = next
  }
  expect(waits[0]).toBeGreaterThanOrEqual(10 * SECOND)
  expect(waits[0]).toBeLessThan(MINUTE)
  expect(waits.at(-1)).toBeGreaterThan(15 * MINUTE)
  expect(waits.at(-1)).toBeLessThanOrEqual(45 * MINUTE)
})
