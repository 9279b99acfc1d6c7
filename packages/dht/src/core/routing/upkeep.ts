/**
 * Keeps the table true with little traffic: pings whoever might become a contact, and now and then asks the contact
 * that has been silent for longest for nodes of its own bucket, which checks it and refreshes the bucket in one query.
 */

import { jittered, type Millis, type RandomSource } from '@shoal/base'
import type { NodeAddress } from '../id/address.ts'
import { type NodeId, randomNodeIdNear } from '../id/node-id.ts'
import type { OutgoingQuery } from '../krpc/query.ts'
import { PROBE_RATE } from '../limits.ts'
import { type Rate, TokenBucket } from '../rpc/token-bucket.ts'
import type { Contact } from './contact.ts'
import type { Network } from './network-policy.ts'
import { RecentHosts } from './recent-hosts.ts'
import { K, type RoutingTable } from './routing-table.ts'

/** At most one query in this time keeps an idle node below a tenth of a query a second. */
const UPKEEP_INTERVAL_MS: Millis = 25_000
/**
 * A table that could not fill one bucket looks around again after this, then after twice as long each time: those who
 * came at the same moment were not known to anybody yet.
 */
const SPARSE_INTERVAL_MS: Millis = 500
/** A contact that let one query time out is asked again soon, so that the dead leave fast. */
const RETRY_INTERVAL_MS: Millis = 2_000
/** An endpoint (on Mainline, a host) that was pinged is left alone for so long at least, whether it answered or not. */
const PROBED_FOR_MS: Millis = 60_000

export interface UpkeepInit {
  readonly table: RoutingTable
  readonly random: RandomSource
  readonly network: Network
}

export class Upkeep {
  readonly #table: RoutingTable
  readonly #random: RandomSource
  #network: Network
  #rate: Rate
  #bucket: TokenBucket
  /** Endpoints or hosts pinged lately. */
  readonly #probed: RecentHosts
  #interval: Millis = SPARSE_INTERVAL_MS
  #nextAt: Millis

  constructor(init: UpkeepInit, now: Millis) {
    this.#table = init.table
    this.#random = init.random
    this.#network = init.network
    this.#rate = PROBE_RATE[init.network]
    this.#bucket = new TokenBucket(this.#rate, now)
    this.#probed = new RecentHosts(PROBED_FOR_MS, now)
    this.#nextAt = now + jittered(SPARSE_INTERVAL_MS, 0.2, init.random)
  }

  setNetwork(now: Millis, network: Network): void {
    this.#network = network
    this.#rate = PROBE_RATE[network]
    this.#bucket = new TokenBucket(this.#rate, now)
  }

  /** When `handleTimeout` has something to do; nothing while there are no contacts. */
  pollTimeout(): Millis | undefined {
    return this.#table.size === 0 ? undefined : this.#nextAt
  }

  /** Whether to ping a node that we merely heard of. Saying yes counts as having pinged it. */
  mayProbe(now: Millis, id: NodeId | undefined, address: NodeAddress): boolean {
    // A contact that goes by another id now is asked at once: until it answers, we hand out an id that nobody has.
    const isRenamed = id !== undefined && this.#table.at(address) !== undefined
    // Where a host is one contact at most, naming it with many ports must not make us knock at all of them.
    const name = this.#network === 'mainline' ? address.host : address.key
    if (this.#probed.has(now, name) && !isRenamed) return false
    if (!this.#bucket.take(this.#rate, now)) return false
    this.#probed.add(now, name)
    return true
  }

  /** A contact failed once: look after it soon. */
  hurry(now: Millis): void {
    this.#nextAt = Math.min(this.#nextAt, now + RETRY_INTERVAL_MS)
  }

  /** Whom to ask what, if anything, now that the time has come. */
  handleTimeout(now: Millis): { readonly contact: Contact; readonly query: OutgoingQuery } | undefined {
    if (this.#table.size === 0 || now < this.#nextAt) return undefined
    const isSparse = this.#table.size < K
    this.#interval = isSparse ? Math.min(2 * this.#interval, UPKEEP_INTERVAL_MS) : UPKEEP_INTERVAL_MS
    this.#nextAt = now + jittered(this.#interval, 0.2, this.#random)
    const contact = this.#mostWanting(now)
    if (contact === undefined) return undefined
    if (contact.isToBeProven(now)) {
      // There may be more of them.
      this.hurry(now)
      return { contact, query: { method: 'ping' } }
    }
    if (this.#interval < UPKEEP_INTERVAL_MS) {
      return { contact, query: { method: 'find_node', target: this.#table.ownId } }
    }
    if (!contact.isQuestionable(now)) return undefined
    const { bits, isExact } = this.#table.rangeOf(contact.id)
    const target = randomNodeIdNear(this.#table.ownId, bits, isExact, this.#random)
    return { contact, query: { method: 'find_node', target } }
  }

  /** One that failed to answer, else one that has yet to prove that strangers reach it, else the one silent for longest. */
  #mostWanting(now: Millis): Contact | undefined {
    let unproven: Contact | undefined
    let stalest: Contact | undefined
    for (const contact of this.#table.contacts()) {
      if (contact.failures > 0) return contact
      if (unproven === undefined && contact.isToBeProven(now)) unproven = contact
      if (stalest === undefined || contact.seenAt < stalest.seenAt) stalest = contact
    }
    return unproven ?? stalest
  }
}
