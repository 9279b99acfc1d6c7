import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Plan } from '../../src/history/plan.ts'
import { runHistory } from '../../src/history/run-history.ts'

interface KeptHistory {
  readonly name: string
  readonly reason: string
  /** As it was shrunk: whatever seeds will mean one day, this stays what it is. */
  readonly plan: Plan
}

const file = new URL('../../histories.json', import.meta.url)
const kept = JSON.parse(readFileSync(file, 'utf8')) as readonly KeptHistory[]

describe('[H-24] histories that failed once', () => {
  test('each has a name and a reason', () => {
    expect(new Set(kept.map(({ name }) => name)).size).toBe(kept.length)
    for (const { reason } of kept) expect(reason).not.toBe('')
  })

  test.for(kept)('$name: $reason', ({ plan }) => {
    expect(runHistory(plan).completed).toBeGreaterThan(0)
  })
})
