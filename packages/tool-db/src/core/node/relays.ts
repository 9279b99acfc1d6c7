/**
 * Other people's records on their way to the other servers. What a server could not take, or had not acknowledged when
 * its connection ended, is owed to it: by row, so that the newest goes, a bounded number and for a bounded time.
 */

import { HOUR, MINUTE, type Millis, SECOND } from '@shoal/base'
import { namespaceOf } from '../records/key.ts'
import type { WireRecord } from '../records/record.ts'
import { DELETED } from '../records/write.ts'
import { isSetRow, recordOfAnySetRow } from './crdt-rows.ts'
import type { HeldRow } from './effects.ts'
import { type Audience, type Fanout, messageOf, type Origin, type Stored } from './fanout.ts'
import type { Kernel, Timer } from './kernel.ts'
import { has, isPassing } from './peer.ts'
import { claimsKey, liveRecordOfRow, nameOfRows, recordsOfName } from './rows.ts'
import type { Peer } from './session.ts'

const FLYING_MAX = 16_384
const KEYS_PER_SERVER_MAX = 4_096
const SERVERS_MAX = 256
const OWED_TIME: Millis = HOUR
const SENT_AT_ONCE = 64
const PACE: Millis = 100
const RETRY_AFTER: Millis = SECOND
const RETRY_AFTER_MAX: Millis = MINUTE

export interface RelaysParts {
  readonly kernel: Kernel
  readonly fanout: Fanout
  /** The peer with this client id, where it is connected. */
  connected(clientId: string): Peer | undefined
  /** This server is owed more than is kept. */
  onGivenUp(peer: Peer): void
}

interface Flight {
  readonly key: string
  /** BOUNDED: by the servers. */
  readonly to: Set<Peer>
}

interface Debt {
  /** BOUNDED: KEYS_PER_SERVER_MAX. */
  readonly keys: Set<string>
  /** While it is connected. */
  peer: Peer | undefined
  until: Millis
  timer: Timer | undefined
  delay: Millis
  wasRefused: boolean
}

export class Relays {
  readonly #kernel: Kernel
  readonly #fanout: Fanout
  readonly #connected: RelaysParts['connected']
  readonly #onGivenUp: RelaysParts['onGivenUp']
  /** By message id. BOUNDED: FLYING_MAX, the oldest out. */
  readonly #flying = new Map<string, Flight>()
  /** By peer id. BOUNDED: SERVERS_MAX, the oldest out. */
  readonly #debts = new Map<string, Debt>()

  constructor(parts: RelaysParts) {
    this.#kernel = parts.kernel
    this.#fanout = parts.fanout
    this.#connected = parts.connected
    this.#onGivenUp = parts.onGivenUp
  }

  /** Keys that servers are still to get. */
  get owed(): number {
    let count = 0
    for (const { keys } of this.#debts.values()) count += keys.size
    return count
  }

  /** Somebody's record that is new here. `row`: where it lies, if not under its key. */
  relay(stored: Stored, origin: Origin, { audience, row }: { audience?: Audience; row?: string } = {}): void {
    const sent = this.#fanout.relay(stored, origin, audience)
    if (sent !== undefined) this.#track(sent.id, row ?? stored.record.k, sent.to)
  }

  /** True where the message is one that was relayed. */
  handleAck(peer: Peer, id: string, code: string): boolean {
    const flight = this.#flying.get(id)
    if (flight?.to.delete(peer) !== true) return false
    if (flight.to.size === 0) this.#flying.delete(id)
    if (isPassing(code)) {
      this.#kernel.counters.add('relays.again')
      this.#owe(peer, flight.key, true)
    }
    return true
  }

  handleServer(peer: Peer): void {
    const debt = this.#debts.get(peer.peerId)
    if (debt === undefined) return
    if (debt.until <= this.#kernel.now) {
      this.#forget(peer.peerId, debt)
      return
    }
    debt.peer = peer
    this.#arm(debt, PACE)
  }

  handleGone(peer: Peer): void {
    for (const [id, flight] of this.#flying) {
      if (!flight.to.delete(peer)) continue
      if (flight.to.size === 0) this.#flying.delete(id)
      this.#owe(peer, flight.key, false)
    }
    const debt = this.#debts.get(peer.peerId)
    if (debt === undefined) return
    const current = this.#connected(peer.clientId)
    if (current !== undefined && current !== peer) {
      // Only its socket has changed.
      this.handleServer(current)
      return
    }
    debt.peer = undefined
    debt.until = this.#kernel.now + OWED_TIME
    this.#kernel.cancel(debt.timer)
    debt.timer = undefined
  }

  #track(id: string, key: string, targets: Iterable<Peer>): void {
    // A plain server acknowledges nothing.
    const to = new Set([...targets].filter((peer) => has(peer, 'ack')))
    if (to.size === 0) return
    this.#flying.set(id, { key, to })
    if (this.#flying.size <= FLYING_MAX) return
    const oldest = this.#flying.keys().next()
    if (!oldest.done) this.#flying.delete(oldest.value)
    this.#kernel.counters.add('relays.unconfirmed')
  }

  #owe(peer: Peer, key: string, wasRefused: boolean): void {
    const debt = this.#debts.get(peer.peerId) ?? this.#newDebt(peer)
    if (!debt.keys.has(key) && debt.keys.size >= KEYS_PER_SERVER_MAX) {
      this.#kernel.counters.add('relays.given-up')
      this.#onGivenUp(peer)
      return
    }
    debt.keys.add(key)
    debt.wasRefused ||= wasRefused
    if (debt.timer === undefined && debt.peer !== undefined) this.#arm(debt, debt.delay)
  }

  #newDebt(peer: Peer): Debt {
    const debt: Debt = {
      keys: new Set(),
      peer: this.#connected(peer.clientId),
      until: this.#kernel.now + OWED_TIME,
      timer: undefined,
      delay: RETRY_AFTER,
      wasRefused: false,
    }
    this.#debts.set(peer.peerId, debt)
    const oldest = this.#debts.entries().next()
    if (this.#debts.size > SERVERS_MAX && !oldest.done) this.#forget(...oldest.value)
    return debt
  }

  #forget(peerId: string, debt: Debt): void {
    this.#kernel.cancel(debt.timer)
    this.#debts.delete(peerId)
    this.#kernel.counters.add('relays.given-up', debt.keys.size)
  }

  #arm(debt: Debt, delay: Millis): void {
    this.#kernel.cancel(debt.timer)
    debt.timer = this.#kernel.after(delay, () => {
      debt.timer = undefined
      this.#pay(debt)
    })
  }

  #pay(debt: Debt): void {
    const { peer } = debt
    if (peer === undefined) return
    // What was refused again since the last time counts, however much of it was taken.
    debt.delay = debt.wasRefused ? Math.min(debt.delay * 2, RETRY_AFTER_MAX) : RETRY_AFTER
    debt.wasRefused = false
    let left = SENT_AT_ONCE
    for (const key of debt.keys) {
      if (left-- === 0) break
      debt.keys.delete(key)
      this.#send(peer, key)
    }
    if (debt.keys.size > 0) this.#arm(debt, debt.delay > RETRY_AFTER ? debt.delay : PACE)
    else if (debt.delay === RETRY_AFTER) this.#debts.delete(peer.peerId)
    else this.#arm(debt, debt.delay)
  }

  /** What is held now; of a name all claims. */
  #send(peer: Peer, key: string): void {
    const isFrozen = namespaceOf(key).kind === 'frozen'
    this.#kernel.ask('load', { keys: isFrozen ? [key, claimsKey(key)] : [key] }, (result) => {
      if (peer.session.state.kind === 'closed' || !result.ok) return this.#owe(peer, key, true)
      for (const record of recordsOf(key, result.value, this.#kernel.now)) {
        const id = this.#kernel.messageId()
        this.#fanout.send(peer, messageOf(record, { id, to: [] }))
        this.#track(id, key, [peer])
      }
    })
  }
}

function recordsOf(key: string, rows: readonly (HeldRow | undefined)[], now: Millis): readonly WireRecord[] {
  const [row, claims] = rows
  // A set of changes; where it is gone, one that holds it has taken its place, and its way.
  if (isSetRow(key)) return [recordOfAnySetRow(row)].filter((record) => record !== undefined)
  if (namespaceOf(key).kind !== 'frozen') {
    const record = liveRecordOfRow(key, row, now)
    return record === undefined || (record.c !== null && record.c !== DELETED) ? [] : [record]
  }
  return recordsOfName(nameOfRows(key, row, claims))
}
