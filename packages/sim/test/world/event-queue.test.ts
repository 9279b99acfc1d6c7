import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { EventQueue } from '../../src/world/event-queue.ts'

/** Takes everything out, in order. */
function drain(queue: EventQueue): { at: number; kind: number; host: number; first: unknown }[] {
  const out = []
  while (queue.size > 0) {
    const at = queue.nextAt
    const slot = queue.take()
    out.push({ at, kind: queue.kindOf(slot), host: queue.hostOf(slot), first: queue.firstOf(slot) })
    queue.release(slot)
  }
  return out
}

test('[M-3] events come by time, and of one instant in the order they were added, however many there are', () => {
  const random = seededRandom(3)
  const queue = new EventQueue()
  const added = Array.from({ length: 5_000 }, (_, i) => ({
    at: random.uint32() % 700,
    kind: i % 4,
    host: i,
    first: `${i}`,
  }))
  for (const { at, kind, host, first } of added) queue.add(at, kind, host, first)
  expect(drain(queue)).toEqual([...added].sort((a, b) => a.at - b.at || a.host - b.host))
  expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY)
})

test('[M-3] slots are used again, and what was in them is let go', () => {
  const queue = new EventQueue()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 2_000; i++) queue.add(i, 1, i, { round })
    const out = drain(queue)
    expect(out).toHaveLength(2_000)
    expect(out.every(({ first }) => (first as { round: number }).round === round)).toBe(true)
  }
})
