import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { EventQueue } from '../../src/world/event-queue.ts'

/** Takes everything out, in order. */
function drain(queue: EventQueue): { at: number; kind: number; host: number; what: unknown }[] {
  const out = []
  while (queue.size > 0) {
    const at = queue.nextAt
    const slot = queue.take()
    out.push({ at, kind: queue.kindOf(slot), host: queue.hostOf(slot), what: queue.whatOf(slot) })
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
    what: `${i}`,
  }))
  for (const { at, kind, host, what } of added) queue.add(at, kind, host, what)
  expect(drain(queue)).toEqual([...added].sort((a, b) => a.at - b.at || a.host - b.host))
  expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY)
})

test('[M-3] slots are used again, and what was in them is let go', () => {
  const queue = new EventQueue()
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 2_000; i++) queue.add(i, 1, i, { round })
    const out = drain(queue)
    expect(out).toHaveLength(2_000)
    expect(out.every(({ what }) => (what as { round: number }).round === round)).toBe(true)
  }
})

test('[M-3] what is moved comes at its new time, behind what was planned for that before; what is removed does not come', () => {
  const random = seededRandom(5)
  const queue = new EventQueue()
  let order = 0
  const left = new Map<number, { at: number; host: number; order: number }>()
  for (let host = 0; host < 2_000; host++) {
    const at = random.uint32() % 300
    left.set(queue.add(at, 1, host), { at, host, order: order++ })
  }
  for (const [slot, entry] of [...left]) {
    const fate = random.uint32() % 3
    if (fate === 0) {
      queue.remove(slot)
      left.delete(slot)
    } else if (fate === 1) {
      entry.at = random.uint32() % 300
      entry.order = order++
      queue.move(slot, entry.at)
    }
  }
  const expected = [...left.values()].sort((a, b) => a.at - b.at || a.order - b.order)
  expect(drain(queue).map(({ at, host }) => ({ at, host }))).toEqual(expected.map(({ at, host }) => ({ at, host })))
})
