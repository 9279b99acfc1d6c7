import type { Millis } from '@shoal/base'
import { expect, test } from 'vitest'
import {
  type Arrival,
  CLAIM_WINDOW_MS,
  CONTESTED_MAX,
  decideFrozen,
  FREE_NAME,
  type FrozenDecision,
  type FrozenName,
  type FrozenRules,
  shownRecord,
} from '../../src/core/records/frozen.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { NOW } from './golden.ts'

const LIVE: Arrival = { kind: 'live' }
const ANSWER: Arrival = { kind: 'answer' }
const SYNC: Arrival = { kind: 'sync', certified: false }
const CERTIFIED: Arrival = { kind: 'sync', certified: true }

/** A record by its author and its age; the decision looks at nothing else. */
function by(a: string, age: number, h = '00'): WireRecord {
  return { k: '==n', a, n: 0, h, t: NOW - age, s: '', v: `${a} ${age}`, c: null }
}

const decide = (name: FrozenName, record: WireRecord, arrival: Arrival = LIVE, rules?: FrozenRules): FrozenDecision =>
  decideFrozen(name, record, { arrival, now: NOW as Millis, ...(rules && { rules }) })

/** The name after these records, each of which must be taken or known. */
function after(...records: readonly WireRecord[]): FrozenName {
  let name = FREE_NAME
  for (const record of records) {
    const decision = decide(name, record)
    if ('name' in decision) name = decision.name
    else expect(decision.kind).toBe('unchanged')
  }
  return name
}

test('[R-28] a live claim is taken when it is dated at most two minutes back', () => {
  expect(decide(FREE_NAME, by('a', 0)).kind).toBe('claimed')
  expect(decide(FREE_NAME, by('a', -30_000)).kind).toBe('claimed')
  expect(decide(FREE_NAME, by('a', CLAIM_WINDOW_MS)).kind).toBe('claimed')
  expect(decide(FREE_NAME, by('a', CLAIM_WINDOW_MS + 1))).toEqual({ kind: 'refused', code: 'ClaimTooOld' })
})

test('[R-28] a claim dated 1970, or any time long ago, steals no name', () => {
  const held = after(by('owner', 60_000))
  for (const age of [NOW, 3_600_000, CLAIM_WINDOW_MS + 1]) {
    expect(decide(held, by('thief', age))).toEqual({ kind: 'refused', code: 'ClaimTooOld' })
    expect(decide(held, by('thief', age), ANSWER)).toEqual({ kind: 'refused', code: 'ClaimTooOld' })
    expect(decide(held, by('thief', age), SYNC)).toEqual({ kind: 'refused', code: 'ClaimTooOld' })
  }
})

test('[R-28] the window is an option', () => {
  const rules = { claimWindowMs: 1_000, contestedMax: 8 }
  expect(decide(FREE_NAME, by('a', 1_000), LIVE, rules).kind).toBe('claimed')
  expect(decide(FREE_NAME, by('a', 1_001), LIVE, rules).kind).toBe('refused')
})

test('[R-29] the earlier of two fresh claims owns the name, the other one is kept as contested', () => {
  const first = after(by('late', 10))
  const decision = decide(first, by('early', 20))
  expect(decision).toMatchObject({ kind: 'replaced', loser: 'late' })
  const name = 'name' in decision ? decision.name : FREE_NAME
  expect(shownRecord(name)?.a).toBe('early')
  expect(name.map((claim) => claim.first.a)).toEqual(['early', 'late'])
  expect(decide(after(by('early', 20)), by('late', 10))).toMatchObject({ kind: 'kept', name })
})

test('[R-29] of two claims of one millisecond the smaller hash owns the name', () => {
  expect(shownRecord(after(by('b', 5, '0b'), by('a', 5, '0a')))?.a).toBe('a')
  expect(shownRecord(after(by('a', 5, '0a'), by('b', 5, '0b')))?.a).toBe('a')
})

test("[R-30] the owner's updates go by order, whatever their age; what is known or older changes nothing", () => {
  const held = after(by('a', 500_000 - 400_000), by('a', 50))
  expect(shownRecord(held)?.t).toBe(NOW - 50)
  expect(decide(held, by('a', 10)).kind).toBe('updated')
  expect(decide(held, by('a', 50))).toEqual({ kind: 'unchanged' })
  expect(decide(held, by('a', 70))).toEqual({ kind: 'unchanged' })
  expect(decide(held, by('a', 50, '01')).kind).toBe('updated')
  const old = [{ first: by('a', 10_000_000), last: by('a', 9_000_000) }]
  expect(decide(old, by('a', 8_000_000)).kind).toBe('updated')
})

test("[R-30] another author's update is kept beside, and is shown once the name is his", () => {
  const held = after(by('owner', 50), by('other', 40))
  const decision = decide(held, by('other', 10))
  expect(decision.kind).toBe('kept')
  const name = 'name' in decision ? decision.name : FREE_NAME
  expect(shownRecord(name)?.a).toBe('owner')
  const turned = decide(name, by('other', 60))
  expect(turned).toMatchObject({ kind: 'replaced', loser: 'owner' })
  expect('name' in turned && shownRecord(turned.name)).toEqual(by('other', 10))
})

test('[R-31] an old claim comes in by an answer or by sync for a name that nobody holds', () => {
  for (const arrival of [ANSWER, SYNC, CERTIFIED]) expect(decide(FREE_NAME, by('a', 9e9), arrival).kind).toBe('claimed')
})

test('[R-31] against a held name an old claim counts only from a certified server', () => {
  const held = after(by('owner', 60_000))
  expect(decide(held, by('elder', 9e9), CERTIFIED)).toMatchObject({ kind: 'replaced', loser: 'owner' })
  expect(decide(held, by('younger', 30_000), SYNC).kind).toBe('kept')
  expect(decide(held, by('younger', 30_000), ANSWER).kind).toBe('kept')
})

test('[R-31] by sync an old claim is kept behind the one that holds the name: nobody loses it by that', () => {
  const taken = decide(FREE_NAME, by('owner', 600_000), SYNC)
  const held = 'name' in taken ? taken.name : FREE_NAME
  expect(decide(held, by('later', 300_000), SYNC)).toMatchObject({ kind: 'kept' })
  for (const arrival of [LIVE, ANSWER])
    expect(decide(held, by('later', 300_000), arrival)).toMatchObject({ kind: 'refused' })
  expect(decide(held, by('elder', 900_000), SYNC)).toMatchObject({ kind: 'refused' })
})

test("[R-31] an older first record of the owner's is a claim like any other", () => {
  const held = after(by('owner', 60_000))
  for (const arrival of [LIVE, ANSWER, SYNC]) {
    expect(decide(held, by('owner', 9e9), arrival)).toEqual({ kind: 'refused', code: 'ClaimTooOld' })
  }
  const decision = decide(held, by('owner', 100_000))
  expect(decision).toMatchObject({ kind: 'kept', name: [{ first: by('owner', 100_000), last: by('owner', 60_000) }] })
})

test('[R-32] contested claims are bounded: the latest one gives way, and a later one is refused', () => {
  const crowd = Array.from({ length: CONTESTED_MAX + 1 }, (_, i) => by(`a${i}`, 1_000 - i))
  const full = after(...crowd)
  expect(full.length).toBe(CONTESTED_MAX + 1)
  expect(decide(full, by('later', 1))).toEqual({ kind: 'refused', code: 'CantOverwrite' })
  const decision = decide(full, by('earlier', 2_000))
  expect(decision).toMatchObject({ kind: 'replaced', loser: 'a0' })
  expect('name' in decision && decision.name.map((claim) => claim.first.a)).toEqual(
    ['earlier', ...crowd.map((record) => record.a)].slice(0, CONTESTED_MAX + 1),
  )
})

test('[R-32] beside the owner only short records are kept, whichever came first; what one node lacks by that comes by sync', () => {
  const long = (a: string, age: number): WireRecord => ({ ...by(a, age), v: 'x'.repeat(16_384) })
  const [early, late] = [by('early', 100), long('late', 50)]
  const [here, there] = [after(early), after(late, by('late', 40), by('late', 30))]
  expect(decide(here, late)).toEqual({ kind: 'refused', code: 'CantOverwrite' })
  expect(decide(after(early, by('late', 40)), long('late', 20))).toEqual({ kind: 'refused', code: 'CantOverwrite' })
  // The owner may say what he likes, at any length.
  expect(decide(here, long('early', 10))).toMatchObject({ kind: 'updated' })
  const replaced = decide(there, early)
  expect(replaced).toMatchObject({ kind: 'replaced', loser: 'late' })
  const name = 'name' in replaced ? replaced.name : FREE_NAME
  expect(name).toEqual([
    { first: early, last: early },
    { first: by('late', 30), last: by('late', 30) },
  ])
  const caughtUp = decide(name, by('late', 40), SYNC)
  expect('name' in caughtUp && caughtUp.name).toEqual(after(early, by('late', 40), by('late', 30)))
  // Of whom nothing is short nothing is kept.
  expect(decide(after(late), early)).toMatchObject({ kind: 'replaced', name: [{ first: early, last: early }] })
})

test('[R-29] a decision changes nothing of what it was given', () => {
  const held = after(by('a', 50), by('b', 40))
  const before = JSON.stringify(held)
  for (const record of [by('a', 1), by('b', 1), by('c', 90), by('c', 1)]) decide(held, record)
  expect(JSON.stringify(held)).toBe(before)
})

test('[U-31] what a server holds against an unconfirmed claim counts however old it is, and by its date', () => {
  const mine = after(by('me', 0))
  const older = decide(mine, by('owner', 1_000_000), { kind: 'correction' })
  expect(older).toMatchObject({ kind: 'replaced', loser: 'me' })
  expect(decide(mine, by('owner', 1_000_000), ANSWER)).toMatchObject({ kind: 'refused', code: 'ClaimTooOld' })
  expect(decide(mine, by('later', -1), { kind: 'correction' })).toMatchObject({ kind: 'kept' })
})

test('[U-33] a claim made anew takes the place of the author’s earlier one, and goes by its own date', () => {
  const name = after(by('me', 50), by('other', 40))
  expect(shownRecord(name)?.a).toBe('me')
  const decision = decide(name, by('me', 0), { kind: 'anew' })
  if (!('name' in decision)) throw new Error('it is taken')
  expect(shownRecord(decision.name)?.a).toBe('other')
  expect(decision.name.map(({ first }) => NOW - first.t)).toEqual([40, 0])
  expect(decide(after(by('me', 50)), by('me', 0), { kind: 'anew' })).toMatchObject({ kind: 'kept' })
  expect(decide(FREE_NAME, by('me', CLAIM_WINDOW_MS + 1), { kind: 'anew' })).toMatchObject({ kind: 'refused' })
})
