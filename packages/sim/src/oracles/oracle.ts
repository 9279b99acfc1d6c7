/**
 * An oracle knows one rule that holds at every step, whatever faults are on, and watches all honest nodes for it. It
 * is told of what they send and are handed, read once for all oracles, and reports the first breach.
 */

import type { Endpoint, Millis } from '@shoal/base'
import type { DhtNode } from '../dht/dht-node.ts'
import type { DhtHost } from '../dht/dht-world.ts'
import type { World } from '../world/world.ts'
import type { KrpcView } from './krpc-view.ts'

/** A datagram that an honest node sends or is handed. */
export interface Seen {
  /** The world's time. */
  readonly now: Millis
  readonly host: DhtHost
  readonly node: DhtNode
  /** Where it goes to or, as the host sees it, comes from. */
  readonly other: Endpoint
  readonly bytes: Uint8Array
  /** `undefined` where it is no KRPC message. */
  readonly view: KrpcView | undefined
  /** What was handed to the host in this step: a query that it may be answering. */
  readonly handed: Handed | undefined
}

export interface Handed {
  readonly from: Endpoint
  readonly view: KrpcView | undefined
}

/** Breaks the run off: a rule does not hold. `host` is who broke it. */
export type Breach = (oracle: string, host: DhtHost, sentence: string) => never

export interface Oracle {
  readonly name: string
  handleSent?(seen: Seen): void
  handleDelivered?(seen: Seen): void
  /** Now and then, after a step of this host. */
  handleRest?(now: Millis, host: DhtHost, node: DhtNode): void
  /** The program of the host was started anew. */
  handleStart?(host: DhtHost): void
}

export type OracleFactory = (world: World, breach: Breach) => Oracle

/** The query that a sent datagram answers. */
export function answered({ view, handed, other }: Seen): Extract<KrpcView, { kind: 'query' }> | undefined {
  if (view === undefined || view.kind === 'query' || handed?.view?.kind !== 'query') return undefined
  const isReply =
    handed.view.transaction === view.transaction && handed.from.host === other.host && handed.from.port === other.port
  return isReply ? handed.view : undefined
}

export function textKey({ host, port }: Endpoint): string {
  return `${host}:${port}`
}
