import { seededRandom } from '@shoal/base'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Acquaintance, Bootstrapper } from '../../src/node/bootstrapper.ts'

const LIAR = { host: '203.0.113.1', port: 6_881 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** One whose walks end so, each in turn, the last for ever; and when each began. */
function bootstrapper(...ends: Acquaintance[]) {
  const walks: number[] = []
  const done: boolean[] = []
  const subject = new Bootstrapper({
    family: 'ipv4',
    isAlone: false,
    hasWay: () => true,
    random: seededRandom(1),
    resolve: async () => [LIAR],
    walk: async () => {
      walks.push(Date.now())
      return (ends.length > 1 ? ends.shift() : ends[0]) as Acquaintance
    },
  })
  return { subject, walks, done, run: () => void subject.run((isDone) => done.push(isDone)) }
}

test('[D-231] while there are few contacts the entrance is asked again, every five minutes or so', async () => {
  const { subject, walks, done, run } = bootstrapper('few')
  run()
  await vi.advanceTimersByTimeAsync(60 * 60_000)
  const gaps = walks.slice(1).map((at, i) => at - (walks[i] as number))
  expect(gaps[0]).toBeLessThanOrEqual(40_000)
  expect(Math.min(...gaps)).toBeGreaterThanOrEqual(15_000)
  expect(Math.max(...gaps)).toBeLessThanOrEqual(450_000)
  expect(walks.length).toBeGreaterThan(10)
  // Nobody else waits for that.
  expect(done[0]).toBe(true)
  subject.close()
})

test('[D-231] with enough contacts it is over', async () => {
  const { walks, run } = bootstrapper('few', 'enough')
  run()
  await vi.advanceTimersByTimeAsync(60 * 60_000)
  expect(walks).toHaveLength(2)
  expect(vi.getTimerCount()).toBe(0)
})

test('[D-42, D-231] who loses its last contact in such a pause begins at once, and backs off while nobody answers', async () => {
  const { subject, walks, run } = bootstrapper('few', 'nobody')
  run()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(walks).toHaveLength(1)
  run()
  await vi.advanceTimersByTimeAsync(0)
  expect(walks).toHaveLength(2)
  // Told again while it backs off, it waits all the same.
  run()
  await vi.advanceTimersByTimeAsync(0)
  expect(walks).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(walks.length).toBeGreaterThan(2)
  subject.close()
  expect(vi.getTimerCount()).toBe(0)
})
