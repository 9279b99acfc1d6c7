/** What a node does at most on behalf of others. Every limit is an option; every refusal shows in `stats()`. */

import { MINUTE, type Millis, SECOND, utf8Length } from '@shoal/base'
import { isShallow } from '../records/parse-record.ts'

export interface NodeLimits {
  /** Bytes of one message; a longer frame closes its channel. */
  readonly messageSizeMax: number
  /** Levels of a message from elsewhere, 72 at least; fewer bound values and arguments alone, by the message they come in. */
  readonly messageDepthMax: number
  /** UTF-16 units of the key of a record from elsewhere, 1,024 at most. */
  readonly keyLengthMax: number
  /** Bytes of a value's JSON text, as it will be written again: `1e20` has 4 and becomes 21. */
  readonly valueSizeMax: number
  /** Bytes of the changes of one signed set, as JSON; valueSizeMax holds too. */
  readonly crdtSetSizeMax: number
  /** What one author has under one key, so that nobody uses up the room of others: text, changes and sets. */
  readonly crdtSizePerAuthorMax: number
  readonly crdtChangesPerAuthorMax: number
  readonly crdtSetsPerAuthorMax: number
  /** Authors under one key. Those that are there keep their room; who comes later is refused. */
  readonly crdtAuthorsMax: number
  /** Bytes of memory for what was written to a moment ago. */
  readonly crdtCacheSizeMax: number
  /** Keys of one answer to a query. */
  readonly answerKeysMax: number
  /** Keys that one `queryKeys` gathers from here and all servers together; what is left out is counted (`queries.cut`). */
  readonly queryKeysMax: number
  /** Bytes that wait in one channel, beside what its pace holds back, before it takes no more. */
  readonly bufferedSizeMax: number
  /** A channel that took no more must have sent half of it within this time. */
  readonly stalledTimeout: Millis
  /** Sockets that are opening, before any WebSocket handshake is through; a newer one ends the oldest. */
  readonly openingMax: number
  readonly openingTimeout: Millis
  readonly headerSizeMax: number
  readonly sessionsMax: number
  readonly sessionsPerPrefixMax: number
  readonly messagesPerSecond: number
  readonly bytesPerSecond: number
  /** Signed endpoints of other servers that one peer may have us verify. */
  readonly endpointsPerSecond: number
  /** All connections of one address prefix (IPv4 /24, IPv6 /64) together, as a multiple of what one may do. */
  readonly prefixFactor: number
  readonly subscriptionsPerPeerMax: number
  readonly functionsInFlightMax: number
  readonly functionsPerPeerMax: number
  readonly functionArgumentsSizeMax: number
  readonly functionTimeout: Millis
  /** Records that wait for their verification. */
  readonly unverifiedMax: number
  readonly unverifiedPerPeerMax: number
  /** Bytes of their messages. */
  readonly unverifiedSizeMax: number
  readonly unverifiedSizePerPeerMax: number
  /** How long the store, and the user adapter's verification, may take to answer. */
  readonly effectTimeout: Millis
  /** Keys whose lanes run at once. */
  readonly lanesMax: number
  /** Loads and scans that run for others at once. */
  readonly readsMax: number
  readonly relayedGetsMax: number
  readonly relayedGetsPerPeerMax: number
  readonly relayTimeout: Millis
  /** Bytes that wait to be sent to those who don't read, all together; the largest heap is given up. */
  readonly backlogSizeMax: number
  /** Our own requests that wait for answers. */
  readonly requestsMax: number
  /** Our own records that no server has yet. */
  readonly outboxRecordsMax: number
  readonly outboxSizeMax: number
  readonly listenersMax: number
  readonly serversKnownMax: number
  readonly serversPerPongMax: number
  readonly serverLifetime: Millis
  /** Whoever has so many dials no more of those that he was told of; the dials that are under way then, dialsMax at most, may still add theirs. */
  readonly connectedServersMax: number
  /** Endpoints that are tried at once, from the dial to the proof. */
  readonly dialsMax: number
  readonly dialEntriesMax: number
  /** Endpoints that nobody but one teller (all of one address prefix) told of, and nobody answers at yet. */
  readonly dialEntriesPerTellerMax: number
  /** How long an endpoint that is dialled may keep others waiting for its place, until somebody there has proved himself. */
  readonly dialTurn: Millis
  readonly dialTimeout: Millis
  readonly handshakeTimeout: Millis
  readonly keepAlive: Millis
  readonly keepAliveTimeout: Millis
  readonly banTime: Millis
  readonly bansMax: number
}

/** Around a value: the other fields of a record, and of the message that carries it. */
export const ENVELOPE_SIZE = 4_096

/** False for a record, as JSON, that is longer than a message may be, as a row of another program may be. */
export function mayBeSent(recordText: string, { messageSizeMax }: NodeLimits): boolean {
  return isWithin(recordText, messageSizeMax - ENVELOPE_SIZE)
}

/** A message that brings records has them in a list. */
const ENVELOPE_DEPTH = 3

/** False for a value that would make a message deeper than our own limit, where that is lower than everybody's. */
export function isShallowEnough(value: unknown, { messageDepthMax }: NodeLimits): boolean {
  return messageDepthMax >= DEFAULT_LIMITS.messageDepthMax || isShallow(value, messageDepthMax - ENVELOPE_DEPTH)
}

/** Bytes; most are far below, in whatever script. */
export function isWithin(text: string, sizeMax: number): boolean {
  return text.length <= sizeMax / 3 || (utf8Length(text) ?? 0) <= sizeMax
}

const KIB = 1024

export const DEFAULT_LIMITS: NodeLimits = {
  messageSizeMax: 1024 * KIB,
  messageDepthMax: 72,
  keyLengthMax: 1024,
  valueSizeMax: 512 * KIB,
  crdtSetSizeMax: 512 * KIB,
  crdtSizePerAuthorMax: 32 * 1024 * KIB,
  crdtChangesPerAuthorMax: 250_000,
  crdtSetsPerAuthorMax: 2_048,
  crdtAuthorsMax: 4_096,
  crdtCacheSizeMax: 64 * 1024 * KIB,
  answerKeysMax: 2_000,
  queryKeysMax: 100_000,
  bufferedSizeMax: 4 * 1024 * KIB,
  stalledTimeout: 60 * SECOND,
  openingMax: 256,
  openingTimeout: 8 * SECOND,
  headerSizeMax: 8 * KIB,
  sessionsMax: 4_096,
  sessionsPerPrefixMax: 256,
  messagesPerSecond: 5_000,
  bytesPerSecond: 16 * 1024 * KIB,
  endpointsPerSecond: 16,
  prefixFactor: 8,
  subscriptionsPerPeerMax: 1_000,
  functionsInFlightMax: 256,
  functionsPerPeerMax: 32,
  functionArgumentsSizeMax: 64 * KIB,
  functionTimeout: 10 * SECOND,
  unverifiedMax: 16_384,
  unverifiedPerPeerMax: 4_096,
  unverifiedSizeMax: 256 * 1024 * KIB,
  unverifiedSizePerPeerMax: 32 * 1024 * KIB,
  effectTimeout: 30 * SECOND,
  lanesMax: 256,
  readsMax: 1_024,
  relayedGetsMax: 4_096,
  relayedGetsPerPeerMax: 128,
  relayTimeout: 3 * SECOND,
  backlogSizeMax: 256 * 1024 * KIB,
  requestsMax: 10_000,
  outboxRecordsMax: 10_000,
  outboxSizeMax: 32 * 1024 * KIB,
  listenersMax: 100_000,
  serversKnownMax: 512,
  serversPerPongMax: 32,
  serverLifetime: 60 * MINUTE,
  connectedServersMax: 64,
  dialsMax: 64,
  dialEntriesMax: 1_024,
  dialEntriesPerTellerMax: 64,
  dialTurn: SECOND,
  dialTimeout: 5 * SECOND,
  handshakeTimeout: 10 * SECOND,
  keepAlive: 2 * MINUTE,
  keepAliveTimeout: 15 * SECOND,
  banTime: 10 * MINUTE,
  bansMax: 4_096,
}
