/**
 * What discovery and the database agree on without knowing each other: discovery proposes candidates, the
 * network dials them and has them prove themselves, and reports each outcome back.
 */

import type { Endpoint, Family, Millis } from '@shoal/base'
import type { SignedRoster } from './signed-roster.ts'
import type { Topic } from './topic.ts'

/** How a candidate came to be known. */
export type CandidateSource = 'dht' | 'lan' | 'cache' | 'pex' | 'roster' | 'invite' | 'static'

/** A place where a server of the topic is said to be. Nothing about it is proven. */
export interface Candidate extends Endpoint {
  readonly family: Family
  readonly source: CandidateSource
  readonly firstSeen: Millis
}

/**
 * What became of one dial.
 * - connected: a session is up; `peerId` is the peer's whole address; `proven` is false for plain tool-db servers.
 *   It stays so until `disconnected` is reported for the same endpoint.
 * - duplicate: the peer behind it is already connected, by another endpoint.
 * - self: it was ourselves. - refused: it answered and was turned away (other topic, forged, banned, by policy).
 *   `isPassing`: what it lacks may be there in a while, as a certificate that is renewed.
 * - failed: nothing usable answered in time.
 */
export type DialOutcome =
  | { readonly kind: 'connected'; readonly peerId: string; readonly proven: boolean }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'duplicate'; readonly peerId: string }
  | { readonly kind: 'self' }
  | { readonly kind: 'refused'; readonly reason: string; readonly isPassing?: boolean }
  | { readonly kind: 'failed'; readonly reason: string }

export interface SwarmJoinOptions {
  /** Announces this port; without it only looks up. */
  readonly port?: number
}

/**
 * One joined topic. Iterating yields a candidate when it is worth a dial: when it is first seen, and again, after a
 * back-off, once its outcome was reported and did not settle the matter. Without reports each candidate comes once.
 */
export interface SwarmSession extends AsyncIterable<Candidate> {
  /** Unknown endpoints are taken too: the network may know peers that discovery has not seen. */
  report(endpoint: Endpoint, outcome: DialOutcome): void
  /** Of a topic with an owner: calls back with what the owner has published last, now and whenever that changes. */
  watchRoster?(listener: (roster: SignedRoster) => void): void
  /** The same the other way: a peer has handed it on. */
  offerRoster?(roster: SignedRoster): void
  /** Whether the port that was given is announced: true until this is called. */
  announce?(on: boolean): void
  /** Stops announcing and looking up; the iteration ends. */
  leave(): Promise<void>
}

/** What a database takes as its `discovery`: `@shoal/discovery` has one; tests may bring their own. */
export interface Swarm {
  /** Plain topics come as their name. */
  join(topic: string | Topic, options?: SwarmJoinOptions): SwarmSession
  /** Our addresses as others see us (votes of DHT nodes, port mappings); a proof may name them as our own. */
  externalHosts(): readonly string[]
}
