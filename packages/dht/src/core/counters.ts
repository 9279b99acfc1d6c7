/** What a node counts about itself; each refusal is visible here. */

import type { KrpcQuery, RejectionReason } from './krpc/message.ts'

export interface Counters {
  /** Datagrams. */
  received: number
  sent: number
  bytesReceived: number
  bytesSent: number
  /** Datagrams dropped because they were no KRPC, by reason. */
  readonly rejected: Record<RejectionReason, number>
  /** Queries to us, by method. */
  readonly queries: Record<KrpcQuery['kind'], number>
  /** Answers that we gave, error replies included. */
  answers: number
  /** Error replies among them. */
  errors: number
  /** Queries left unanswered because of the rate of their address, or of all addresses together. */
  rateLimitedPerAddress: number
  rateLimited: number
  /** Answers made short because there was no rate for a long one. */
  shortened: number
  /** Puts refused because too many signatures were to be checked. */
  unverified: number
  /** Queries left unanswered because we are a client (BEP 43). */
  ignoredAsClient: number
  /** Answers that match no query of ours: late, forged or repeated. */
  unexpectedAnswers: number
  /** Our own queries, by method, and how they ended. */
  readonly asked: Record<Exclude<KrpcQuery['kind'], 'unknown' | 'malformed'>, number>
  answered: number
  failed: number
  timedOut: number
  /** Those that waited for their turn, so that one node is not sent too much, and those not sent at all. */
  delayed: number
  notSent: number
  /** Peers and nodes told by others that the rules of the network refuse. */
  refusedPeers: number
  refusedNodes: number
}

export function newCounters(): Counters {
  return {
    received: 0,
    sent: 0,
    bytesReceived: 0,
    bytesSent: 0,
    rejected: {
      truncated: 0,
      syntax: 0,
      'too-deep': 0,
      'too-long': 0,
      'not-a-dictionary': 0,
      'no-transaction-id': 0,
      'no-type': 0,
      'response-without-id': 0,
    },
    queries: {
      ping: 0,
      find_node: 0,
      get_peers: 0,
      announce_peer: 0,
      get: 0,
      put: 0,
      sample_infohashes: 0,
      unknown: 0,
      malformed: 0,
    },
    answers: 0,
    errors: 0,
    rateLimitedPerAddress: 0,
    rateLimited: 0,
    shortened: 0,
    unverified: 0,
    ignoredAsClient: 0,
    unexpectedAnswers: 0,
    asked: { ping: 0, find_node: 0, get_peers: 0, announce_peer: 0, get: 0, put: 0, sample_infohashes: 0 },
    answered: 0,
    failed: 0,
    timedOut: 0,
    delayed: 0,
    notSent: 0,
    refusedPeers: 0,
    refusedNodes: 0,
  }
}
