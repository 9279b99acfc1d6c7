/** Which of two records of one key stands: the one with the greater time, or of one time the greater hash, everywhere. */

import type { Millis } from '@shoal/base'
import type { WireRecord } from './record.ts'

export type Stamp = Pick<WireRecord, 't' | 'h'>

/** Negative where `a` comes before `b`, positive behind it, zero for one and the same content. */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a.t !== b.t) return a.t - b.t
  // Code units of lower-case hex: the same order in every program.
  return a.h < b.h ? -1 : a.h > b.h ? 1 : 0
}

/** True where `incoming` replaces what is held. */
export function wins(incoming: Stamp, held: Stamp | undefined): boolean {
  return held === undefined || compareStamps(incoming, held) > 0
}

/** The time to write at: a writer whose clock is behind, or who writes twice in one millisecond, still comes after. */
export function nextTime(now: Millis, heldTime: Millis | undefined): Millis {
  const whole = Math.floor(now)
  return heldTime === undefined ? whole : Math.max(whole, heldTime + 1)
}
