/**
 * A way in which peers are discovered. Some are asked (the DHT, names in DNS), some speak up when they have something
 * (a LAN, peers that tell of others), some take announces: what a source does not do it leaves out.
 */

import type { Endpoint } from '@shoal/base'
import type { CandidateSource, DialOutcome, SignedRoster, Topic } from '@shoal/peer'
import type { Sighting } from '../core/place.ts'
import type { AnnouncedPort } from '../core/topic-member.ts'

/** A topic as sources know it. */
export interface SourceTopic {
  /** Twenty bytes that stand for it on this machine, and stay the same. */
  readonly key: Uint8Array
  /** `undefined` where only its info hash is known. */
  readonly topic: Topic | undefined
  /** Where everybody who has the topic is met now: twenty bytes each, of a private topic other ones every day. */
  infoHashes(): readonly Uint8Array[]
}

/** Where a source puts what it learns about one topic, at any time until it is detached. */
export interface SourceSink {
  sight(sighting: Omit<Sighting, 'source'>): void
  /** What the owner of the topic has published last. */
  handleRoster?(roster: SignedRoster): void
}

export interface LookupResult {
  /** False where nobody at all could be asked: no wonder that nothing was found. */
  readonly answered: boolean
}

export interface AnnounceResult {
  /** How many stored it. */
  readonly nodes: number
}

/** One topic at one source. */
export interface SourceHandle {
  /** Asks once; what is found goes to the sink as it comes. Ends soon after the signal aborts. */
  readonly lookup?: (signal: AbortSignal) => Promise<LookupResult>
  /** Announces once. Ends soon after the signal aborts, and sends nothing from then on. */
  readonly announce?: (port: AnnouncedPort, signal: AbortSignal) => Promise<AnnounceResult>
  /** Takes an announce back where that can be done; the announce has ended, and no other session announces this port. */
  readonly withdraw?: (port: AnnouncedPort) => Promise<void>
  /** What became of a dial of ours, wherever its endpoint was known from. */
  readonly handleOutcome?: (endpoint: Endpoint, outcome: DialOutcome) => void
  /** What a peer has handed on of the owner's. */
  readonly handleRoster?: (roster: SignedRoster) => void
  detach(): void
}

export interface Source {
  readonly kind: CandidateSource
  attach(topic: SourceTopic, sink: SourceSink): SourceHandle
  /** Our own addresses as this source sees them from outside. */
  externalHosts(): readonly string[]
  close(): Promise<void>
}
