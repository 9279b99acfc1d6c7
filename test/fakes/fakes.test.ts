/** One genuine server among a thousand announced peers that are none. */

import { expect, test, vi } from 'vitest'
import { FakesWorld, type Outcome } from './fakes-world.ts'

/** As many as are wanted, or few enough for every day: `SHOAL_FAKES_SEEDS=100`. */
const SEEDS = Number(process.env['SHOAL_FAKES_SEEDS'] ?? 3)
const FAKES = 1_000
/** Only keeps a run from hanging: many seeds take minutes. */
vi.setConfig({ testTimeout: 60_000 + 20_000 * SEEDS })
const TURN_MS = 1_000
const DIALS = 64

function outcomes(networks: number, most: number, isOwned = false): readonly Outcome[] {
  return Array.from({ length: SEEDS }, (_, i) =>
    new FakesWorld({ seed: i + 1, fakes: FAKES, networks, isOwned }).run(most),
  )
}

function tell(name: string, all: readonly Outcome[]): void {
  const times = all.map(({ connectedAfter }) => connectedAfter ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b)
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(share * times.length))] as number
  process.stdout.write(
    `${JSON.stringify({ name, seeds: SEEDS, p50: at(0.5), p95: at(0.95), p99: at(0.98), worst: times.at(-1) })}\n`,
  )
}

function within(all: readonly Outcome[], ms: number): number {
  return all.filter(({ connectedAfter }) => connectedAfter !== undefined && connectedAfter <= ms).length / all.length
}

test('[S-112] a thousand fakes in twenty networks: the genuine server is connected within 5 s, and no fake ever', () => {
  const all = outcomes(20, 30_000)
  tell('twenty networks', all)
  for (const { fakesConnected, dialsMost } of all) expect([fakesConnected, dialsMost <= DIALS]).toEqual([0, true])
  expect(within(all, 5_000)).toBeGreaterThanOrEqual(0.99)
})

test('[S-112] each in a network of its own: within the time that dialling all of them takes, and the look-ups', () => {
  const all = outcomes(FAKES, 120_000)
  tell('a network each', all)
  for (const { fakesConnected, dialsMost } of all) expect([fakesConnected, dialsMost <= DIALS]).toEqual([0, true])
  const dialling = (FAKES / DIALS) * TURN_MS
  expect(within(all, dialling + LOOKUPS_MS)).toBeGreaterThanOrEqual(0.99)
})

/** A look-up shows some four hundred of them: the genuine one may be shown late. */
const LOOKUPS_MS = 10_000

test('[O-18] on a topic with an owner: within 5 s wherever they are, whatever they show of certificates and rosters', () => {
  for (const [name, networks] of [
    ['owned, twenty networks', 20],
    ['owned, a network each', FAKES],
  ] as const) {
    const all = outcomes(networks, 30_000, true)
    tell(name, all)
    for (const { fakesConnected, dialsMost } of all) expect([fakesConnected, dialsMost <= DIALS]).toEqual([0, true])
    expect(within(all, 5_000)).toBe(1)
  }
})
