/** Percentiles and sums of what was measured. */

import type { ProbeResult } from './probes.ts'

export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly mean: number
}

/** The smallest value that is at least as large as this share of all (nearest rank); not a number where there are none. */
export function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN
  return sorted[Math.min(Math.max(Math.ceil(share * sorted.length) - 1, 0), sorted.length - 1)] as number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  return {
    count: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    mean: sorted.length === 0 ? Number.NaN : sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
  }
}

export interface ProbeFigures {
  readonly lookups: number
  /** Share of lookups that found the announced peer. */
  readonly success: number
  readonly firstPeerMs: Spread
  readonly doneMs: Spread
  readonly queries: Spread
  /** Share of the queries that stalled: how many dead nodes the answers named. */
  readonly stalledShare: number
  readonly announcedTo: Spread
}

export function probeFigures(results: readonly ProbeResult[]): ProbeFigures {
  const found = results.filter((result) => result.found)
  return {
    lookups: results.length,
    success: results.length === 0 ? Number.NaN : found.length / results.length,
    firstPeerMs: spreadOf(results.flatMap(({ firstPeerMs }) => (firstPeerMs === undefined ? [] : [firstPeerMs]))),
    doneMs: spreadOf(results.map(({ doneMs }) => doneMs)),
    queries: spreadOf(results.map(({ queries }) => queries)),
    stalledShare: sum(results.map(({ stalled }) => stalled)) / sum(results.map(({ queries }) => queries)),
    announcedTo: spreadOf(results.map(({ announcedTo }) => announcedTo)),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
