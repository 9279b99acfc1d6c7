/** A node that has answered us. Only such are contacts (BEP 5); whoever merely sent a query is not. */

import type { Millis } from '@shoal/base'
import type { NodeAddress } from '../id/address.ts'
import { type NodeId, writeNodeId } from '../id/node-id.ts'
import { RttEstimator } from '../rpc/rtt-estimator.ts'

/** BEP 5: after 15 minutes of silence a contact is questionable. */
export const QUESTIONABLE_AFTER_MS: Millis = 15 * 60_000

/**
 * A NAT at home keeps a way in open for two to three minutes after the last datagram through it (RFC 4787, REQ-5). Whoever answers us after
 * so long a silence is reached by strangers as well: Jimenez et al. ("Sub-second Lookups", IEEE P2P 2011) keep newcomers out for as long.
 */
export const NAT_LIFETIME_MS: Millis = 3 * 60_000

export interface ContactInit {
  readonly now: Millis
  readonly isSecure: boolean
  readonly isProven: boolean
}

export class Contact {
  readonly id: NodeId
  readonly address: NodeAddress
  /** Id, address and port as they go into `nodes`. */
  readonly compact: Uint8Array
  /** BEP 42: its id is one that its address may have. */
  readonly isSecure: boolean
  readonly rtt: RttEstimator = new RttEstimator()
  /** When it last answered, or asked us something after having answered once. */
  seenAt: Millis
  /** Queries in a row that it let time out. */
  failures = 0
  /** It answered when no NAT could have let us in for its own sake: strangers reach it. */
  isProven: boolean

  constructor(id: NodeId, address: NodeAddress, { now, isSecure, isProven }: ContactInit) {
    this.id = id
    this.address = address
    this.isSecure = isSecure
    this.isProven = isProven
    this.seenAt = now
    this.compact = new Uint8Array(20 + address.key.length)
    writeNodeId(id, this.compact, 0)
    for (let i = 0; i < address.key.length; i++) this.compact[20 + i] = address.key.charCodeAt(i)
  }

  /** It answered what we sent at `askedAt`. */
  answered(now: Millis, askedAt: Millis): void {
    if (askedAt - this.seenAt >= NAT_LIFETIME_MS) this.isProven = true
    this.heard(now)
  }

  heard(now: Millis): void {
    this.seenAt = now
    this.failures = 0
  }

  /** Its own way in to it is closed by now, if there is a NAT: time to see whether it is reached all the same. */
  isToBeProven(now: Millis): boolean {
    return !this.isProven && now - this.seenAt >= NAT_LIFETIME_MS
  }

  isQuestionable(now: Millis): boolean {
    return this.failures > 0 || now - this.seenAt >= QUESTIONABLE_AFTER_MS
  }
}
