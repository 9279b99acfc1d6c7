import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/core/node/limits.ts'
import { checkedOptions } from '../src/options.ts'
import { Backlog } from '../src/runtime/backlog.ts'

test('[T-110] every limit is an option; one that there is not, or that is no number, is refused in one sentence', () => {
  for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
    expect(checkedOptions({ limits: { [name]: 1 } }).limits).toEqual({ [name]: 1 })
    expect(value, name).toBeGreaterThan(0)
  }
  expect(() => checkedOptions({ limits: { messagesPerSecnd: 1 } as never })).toThrow(
    'there is no limit messagesPerSecnd',
  )
  expect(() => checkedOptions({ limits: { sessionsMax: '7' } as never })).toThrow(
    'the limit sessionsMax must be a number',
  )
  for (const limits of [{ sessionsMax: -1 }, { sessionsMax: Number.NaN }, null, 7]) {
    expect(() => checkedOptions({ limits: limits as never })).toThrow(UsageError)
  }
})

test('[T-110] beyond what may wait for all together the largest heaps are given up, and no more than needed', () => {
  const backlog = new Backlog<string>({ sizeMax: 1_000_000 })
  const sizes: Record<string, { backlog: number }> = {
    a: { backlog: 600_000 },
    b: { backlog: 300_000 },
    c: { backlog: 900_000 },
    small: { backlog: 10 },
  }
  const note = (now: number, id: string): readonly string[] => backlog.note(now, id, sizes[id] as { backlog: number })
  expect(note(0, 'a')).toEqual([])
  expect(note(100, 'b')).toEqual([])
  expect(note(200, 'small')).toEqual([])
  expect(note(300, 'c')).toEqual(['c'])
  backlog.remove('c')
  expect(note(400, 'b')).toEqual([])
  // Who has read what waited is none of them any more.
  sizes['a'] = { backlog: 0 }
  expect(note(500, 'a')).toEqual([])
})
