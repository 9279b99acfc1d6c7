/**
 * How long a datagram is under way. The dataset gives an average for two regions; around it, derived and not measured: a factor
 * that two hosts have for good (routes differ), and jitter that each datagram has anew (queues).
 */

import type { Millis, RandomSource } from '@shoal/base'
import { mix } from '../random/labelled-random.ts'
import { ROUND_TRIP_MS } from './regions.ts'

/** Standard deviation of the factor of a pair, whose mean is 1: between 0.13 and 1.87. */
const PAIR_SPREAD = 0.25
/** Mean of the jitter, exponential, on top of the rest: a share of the way and a bit for the last mile. */
const JITTER_SHARE = 0.05
const JITTER_MS: Millis = 1

export interface Place {
  readonly index: number
  /** Index into `REGIONS`. */
  readonly region: number
}

/** One way; always the same for the same two hosts, in both directions. */
export function steadyDelay(a: Place, b: Place): Millis {
  const base = (ROUND_TRIP_MS[a.region]?.[b.region] as number) / 2
  return base * pairFactor(a.index, b.index)
}

/** One way, for one datagram. */
export function delayOf(a: Place, b: Place, random: RandomSource): Millis {
  const steady = steadyDelay(a, b)
  const fraction = (random.uint32() + 0.5) / 0x1_0000_0000
  return steady - (JITTER_SHARE * steady + JITTER_MS) * Math.log(fraction)
}

/** Four bytes of a hash, summed, are nearly normal: no tables of pairs, and no more than a few nanoseconds. */
function pairFactor(a: number, b: number): number {
  const h = mix(Math.imul(Math.min(a, b), 0x9e3779b1) ^ mix(Math.max(a, b)))
  const sum = (h & 0xff) + ((h >>> 8) & 0xff) + ((h >>> 16) & 0xff) + (h >>> 24)
  return 1 + PAIR_SPREAD * Math.sqrt(3) * (sum / 255 - 2)
}
