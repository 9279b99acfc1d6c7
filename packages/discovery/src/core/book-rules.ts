/** The figures of the candidate book: how much it holds, and how long it waits. */

import { type Backoff, HOUR, MINUTE, type Millis, SECOND } from '@shoal/base'
import type { CandidateSource } from '@shoal/peer'
import type { KeptOutReason } from './kept-out.ts'

export interface BookLimits {
  /** A share of its own for each source, so that none can crowd out another. Together they bound the book. */
  readonly perSourceMax: Readonly<Record<CandidateSource, number>>
  /** Endpoints of one source under one prefix (a /24, a /48) of the public address space. */
  readonly perPrefixMax: number
  /** Endpoints of one source at one loopback or private address, where ports tell many servers apart. */
  readonly perOwnAddressMax: number
  /** Verdicts (ourselves, refused, dead) that are remembered. */
  readonly keptOutMax: number
  /** Connected endpoints that no source has told us of. */
  readonly reportedMax: number
}

export const BOOK_LIMITS: BookLimits = {
  perSourceMax: { static: 256, invite: 64, roster: 64, lan: 256, cache: 512, pex: 512, dht: 1_024 },
  perPrefixMax: 32,
  perOwnAddressMax: 256,
  keptOutMax: 4_096,
  reportedMax: 512,
}

/** After a dial that failed. At the eighth failure in a row, after some five minutes, it counts as dead. */
export const FAILED_BACKOFF: Backoff = { first: 2 * SECOND, most: 5 * MINUTE }
export const FAILURES_MAX = 8
/**
 * After the loss of one that was connected: it is more likely to come back, at the same place, than any other is to be there. It is
 * never long given up, so that what a partition has parted finds together within seconds; dead after some 25 minutes.
 */
export const LOST_BACKOFF: Backoff = { first: 1 * SECOND, most: 15 * SECOND }
export const LOST_FAILURES_MAX = 100
/** What was given by hand is never given up, and a minute is the longest that its owner should have to wait. */
export const STATIC_BACKOFF: Backoff = { first: 2 * SECOND, most: MINUTE }

/** After a session that lasted; one shorter than STEADY_MS counts as a failure instead. */
export const RETURN_MS: Millis = SECOND
export const STEADY_MS: Millis = 30 * SECOND

/** Whoever wakes together, on a network that is back, must not dial together. */
export const WAKE_SPREAD_MS: Millis = SECOND / 2

export const DUPLICATE_MS: Millis = 10 * MINUTE
/** Our own address may be somebody else's tomorrow. */
const SELF_MS: Millis = HOUR
const REFUSED_MS: Millis = 30 * MINUTE
/** Whose certificate is over may have a new one: before the next look-up, or sooner where nothing is connected. */
const PASSING_MS: Millis = 4 * MINUTE
const PASSING_IN_NEED_MS: Millis = MINUTE
const DEAD_MS: Millis = 15 * MINUTE
/** Where nothing is connected, a dead one that is still being announced is tried again after this. */
const DEAD_IN_NEED_MS: Millis = MINUTE

/** Mainline nodes keep a peer for about thirty minutes: what no look-up has shown for longer is gone. */
export const UNSEEN_MS: Millis = 45 * MINUTE
export const SWEEP_MS: Millis = 5 * MINUTE

export const KEPT_OUT_MS: Readonly<Record<KeptOutReason, Millis>> = {
  self: SELF_MS,
  refused: REFUSED_MS,
  passing: PASSING_MS,
  dead: DEAD_MS,
  done: UNSEEN_MS,
}
/** Where nothing is connected, those with another figure here are tried sooner. */
export const KEPT_OUT_IN_NEED_MS: Readonly<Partial<Record<KeptOutReason, Millis>>> = {
  passing: PASSING_IN_NEED_MS,
  dead: DEAD_IN_NEED_MS,
}
