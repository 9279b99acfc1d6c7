import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AsyncQueue, DeadlineQueue } from '../src/index.ts'

test('[B-4] deadlines fall due in order of time, then of adding, whatever was removed between', () => {
  const operation = fc.record({ at: fc.integer({ min: 0, max: 20 }), removed: fc.boolean() })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const queue = new DeadlineQueue<number>()
      const deadlines = operations.map(({ at }, i) => queue.add(at, i))
      for (const [i, { removed }] of operations.entries()) {
        if (!removed) continue
        const deadline = deadlines[i]
        expect(deadline && queue.remove(deadline)).toBe(true)
        expect(deadline && queue.remove(deadline)).toBe(false)
      }
      const expected = operations
        .map(({ at, removed }, i) => ({ at, removed, i }))
        .filter(({ removed }) => !removed)
        .sort((a, b) => a.at - b.at || a.i - b.i)
      expect(queue.nextAt()).toBe(expected[0]?.at)
      const taken: number[] = []
      for (let now = 0; now <= 20; now++) {
        for (let value = queue.takeDue(now); value !== undefined; value = queue.takeDue(now)) taken.push(value)
      }
      expect(taken).toEqual(expected.map(({ i }) => i))
      expect(queue.size).toBe(0)
    }),
  )
})

test('[B-4] what waits keeps its order and its wait when the clock is set; a deadline that is no time is our bug', () => {
  const queue = new DeadlineQueue<string>()
  queue.add(2_000, 'second')
  const first = queue.add(1_000, 'first')
  queue.shift(-900)
  expect(first.at).toBe(100)
  expect([queue.takeDue(99), queue.takeDue(100), queue.takeDue(1_099), queue.takeDue(1_100)]).toEqual([
    undefined,
    'first',
    undefined,
    'second',
  ])
  expect(() => queue.add(Number.NaN, 'never')).toThrow(/time/)
})

test('[B-5] an async queue hands over in order, drops the oldest over its limit, and ends', async () => {
  const queue = new AsyncQueue<number>({ limit: 2 })
  for (const value of [1, 2, 3]) queue.push(value)
  queue.end()
  expect(queue.push(4)).toBe(false)
  const seen: number[] = []
  for await (const value of queue) seen.push(value)
  expect(seen).toEqual([2, 3])
})

test('[B-5] a waiting reader gets the next value, and the end', async () => {
  const queue = new AsyncQueue<string>({ limit: 1 })
  const first = queue.next()
  const second = queue.next()
  queue.push('a')
  queue.end()
  expect(await first).toEqual({ done: false, value: 'a' })
  expect(await second).toEqual({ done: true, value: undefined })
})

test('[B-5] a failure reaches the reader after the values that wait, once', async () => {
  const queue = new AsyncQueue<string>({ limit: 4 })
  queue.push('a')
  queue.fail(new Error('broken'))
  expect(await queue.next()).toEqual({ done: false, value: 'a' })
  await expect(queue.next()).rejects.toThrow('broken')
  expect(await queue.next()).toEqual({ done: true, value: undefined })
})

test('[B-5] a reader that stops early tells the producer, once', async () => {
  let returned = 0
  const queue = new AsyncQueue<number>({ limit: 4, onReturn: () => returned++ })
  queue.push(1)
  for await (const value of queue) {
    expect(value).toBe(1)
    break
  }
  await queue.return()
  expect(returned).toBe(1)
  expect(queue.push(2)).toBe(false)
})
