/** Time as the whole house speaks it. Cores are handed `now`; only the outermost faces own a clock. */

declare const millis: unique symbol

/** Whole or fractional milliseconds; a point in time (Unix epoch) or a length, as the name around it says. */
export type Millis = number & { readonly [millis]?: 'ms' }

export interface Clock {
  now(): Millis
}

/** Wall time that never runs backwards by more than the operating system makes it; for faces, never for cores. */
export const systemClock: Clock = { now: () => Date.now() as Millis }

export const SECOND: Millis = 1_000
export const MINUTE: Millis = 60_000
export const HOUR: Millis = 3_600_000
