/**
 * The asking half of a node: sends queries within bounds and paces, and finds the query that an answer belongs to.
 * What answers mean is not known here; each query carries its purpose.
 */

import { type Endpoint, latin1, type Millis, type RandomSource } from '@shoal/base'
import type { Counters } from '../counters.ts'
import type { NodeAddress } from '../id/address.ts'
import type { KrpcError, KrpcResponse } from '../krpc/message.ts'
import { type OutgoingQuery, type Want, writeQuery } from '../krpc/query.ts'
import { PACE, PACE_WAIT_MAX_MS, PACED_NODES_MAX } from '../limits.ts'
import type { Asked } from '../lookup/lookups.ts'
import type { Network } from '../routing/network-policy.ts'
import { K, type RoutingTable } from '../routing/routing-table.ts'
import type { Self } from '../self.ts'
import type { Outbox } from './outbox.ts'
import type { Purpose } from './purpose.ts'
import { FIRST_TIMEOUT_MS, RttEstimator } from './rtt-estimator.ts'
import { TokenBuckets } from './token-bucket.ts'
import { type Transaction, Transactions } from './transactions.ts'

const BOTH: Want = ['n4', 'n6']

export interface RequesterInit {
  readonly self: Self
  readonly random: RandomSource
  readonly inFlightMax: number
  readonly outbox: Outbox
  readonly counters: Counters
  readonly table: RoutingTable
}

export class Requester {
  readonly #init: RequesterInit
  readonly #transactions: Transactions<Purpose>
  readonly #rtt = new RttEstimator()
  /** BOUNDED: PACED_NODES_MAX. */
  #pace: TokenBuckets

  constructor(init: RequesterInit) {
    this.#init = init
    this.#transactions = new Transactions(init.random, init.inFlightMax)
    this.#pace = new TokenBuckets(PACE[init.self.network], PACED_NODES_MAX)
  }

  get inFlight(): number {
    return this.#transactions.size
  }

  /** The smoothed round trip over all nodes. */
  get roundTrip(): Millis | undefined {
    return this.#rtt.smoothed
  }

  setNetwork(network: Network): void {
    this.#pace = new TokenBuckets(PACE[network], PACED_NODES_MAX)
  }

  pollTimeout(): Millis | undefined {
    return this.#transactions.nextAt()
  }

  ask(now: Millis, to: NodeAddress, { query, purpose }: { query: OutgoingQuery; purpose: Purpose }): Asked {
    const pace = this.#pace.of(to.key, now)
    const delay = pace.reserve(this.#pace.rate, now)
    if (delay > PACE_WAIT_MAX_MS) {
      this.#init.counters.notSent++
      pace.giveBack()
      return 'refused'
    }
    const known = this.#init.table.at(to)?.rtt
    const patience = known?.smoothed === undefined ? this.#patienceWithStrangers() : known.timeout()
    const transaction = this.#transactions.start(now, { to, query, purpose, patience, delay })
    if (transaction === undefined) {
      pace.giveBack()
      return 'busy'
    }
    if (transaction.phase === 'waiting') this.#send(now, transaction)
    else this.#init.counters.delayed++
    return 'sent'
  }

  /** On Mainline a few near nodes say nothing of the rest of the planet: whoever knows only those would give all others up. */
  #patienceWithStrangers(): Millis {
    const { self, table } = this.#init
    const measured = this.#rtt.timeout()
    return self.network === 'mainline' && table.size < K ? Math.max(measured, FIRST_TIMEOUT_MS) : measured
  }

  /** BEP 32: while our sister in the other family knows few nodes, we ask for some of hers on the way. */
  #wanting(query: OutgoingQuery): OutgoingQuery {
    const { sister } = this.#init.self
    if (query.method !== 'find_node' || sister === undefined || sister.size >= K) return query
    return { ...query, want: BOTH }
  }

  #send(now: Millis, { id, to, query }: Transaction<Purpose>): void {
    const { outbox, self, counters } = this.#init
    // BEP 43: a client says so in every query.
    const isReadOnly = self.mode === 'client'
    writeQuery(outbox.begin(), this.#wanting(query), { ownId: self.nodeId, transaction: id, isReadOnly })
    outbox.commit(to)
    self.reachability?.wroteTo(now, to.host)
    counters.asked[query.method]++
  }

  /** The query that this message from `from` answers; `undefined` for what we did not ask, or have given up. */
  take(
    now: Millis,
    from: Endpoint,
    { bytes, message }: { bytes: Uint8Array; message: KrpcResponse | KrpcError },
  ): Transaction<Purpose> | undefined {
    const { transactionAt, transactionLength } = message
    const id = latin1(bytes, transactionAt, transactionAt + transactionLength)
    const transaction = this.#transactions.take(id, from)
    if (transaction === undefined) {
      this.#init.counters.unexpectedAnswers++
      return undefined
    }
    const sample = Math.max(now - transaction.sentAt, 0)
    this.#rtt.add(sample)
    this.#init.table.at(transaction.to)?.rtt.add(sample)
    return transaction
  }

  /** The next query that has stalled, is overdue or has timed out. Those whose turn has come are sent on the way. */
  takeDue(now: Millis): Transaction<Purpose> | undefined {
    for (;;) {
      const due = this.#transactions.takeDue(now)
      if (due === undefined || due.phase !== 'waiting') return due
      this.#send(now, due)
    }
  }

  cancel(isCancelled: (purpose: Purpose) => boolean): void {
    this.#transactions.cancel(isCancelled)
  }
}
