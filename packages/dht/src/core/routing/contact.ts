/** A node that has answered us. Only such are contacts (BEP 5); whoever merely sent a query is not. */

import type { Millis } from '@shoal/base'
import type { NodeAddress } from '../id/address.ts'
import { type NodeId, writeNodeId } from '../id/node-id.ts'
import { RttEstimator } from '../rpc/rtt-estimator.ts'

/** BEP 5: after 15 minutes of silence a contact is questionable. */
export const QUESTIONABLE_AFTER_MS: Millis = 15 * 60_000

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

  constructor(id: NodeId, address: NodeAddress, { now, isSecure }: { now: Millis; isSecure: boolean }) {
    this.id = id
    this.address = address
    this.isSecure = isSecure
    this.seenAt = now
    this.compact = new Uint8Array(20 + address.key.length)
    writeNodeId(id, this.compact, 0)
    for (let i = 0; i < address.key.length; i++) this.compact[20 + i] = address.key.charCodeAt(i)
  }

  /** It answered. */
  heard(now: Millis): void {
    this.seenAt = now
    this.failures = 0
  }

  isQuestionable(now: Millis): boolean {
    return this.failures > 0 || now - this.seenAt >= QUESTIONABLE_AFTER_MS
  }
}
