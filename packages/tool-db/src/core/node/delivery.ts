/**
 * Our own records on their way to the servers: sent to all that are connected, kept for those that come as long as no server
 * has one, and counted as the acknowledgements come in.
 */

import type { Millis } from '@shoal/base'
import { isCrdtRecord } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import { recordText } from '../records/record-text.ts'
import { isExpired } from '../records/verify.ts'
import type { RecordMessage } from '../wire/message.ts'
import { type Fanout, messageOf } from './fanout.ts'
import type { Kernel, Timer } from './kernel.ts'
import { OutboxRoom, type Place } from './outbox-room.ts'
import type { OwnClaims } from './own-claims.ts'
import { has, isPassing } from './peer.ts'
import type { Peer } from './session.ts'
import { Windows } from './windows.ts'

export interface Counts {
  readonly sent: number
  readonly confirmed: number
  readonly refused: number
  /** No server is known to have it, or to have refused it for good: those that connect are sent it. */
  readonly isWaiting: boolean
}

/** A record of ours on its way. What it says stays true when there is nothing left to wait for. */
export interface Sending {
  readonly message: RecordMessage
  readonly sent: readonly string[]
  readonly confirmed: readonly string[]
  /** Servers that refused it for good. */
  readonly refused: number
  /** Some server has it, or refused it for good: it need not be sent to those that come. */
  readonly isSettled: boolean
}

interface Delivery extends Sending {
  readonly message: RecordMessage
  /** The JSON of the record, as it was signed: the record itself is the application's by then, to change as it likes. */
  readonly text: string
  readonly size: number
  /** Held for as long as no server has the record. */
  readonly place: Place
  /** Told by peer id. BOUNDED: by the servers. */
  readonly sent: string[]
  readonly confirmed: string[]
  /** Servers that it waits for, or whose acknowledgement is still to come. BOUNDED: by the servers. */
  readonly open: Peer[]
  waiter: { readonly needed: number | 'all'; readonly timer: Timer; then(counts: Counts): void } | undefined
  refused: number
  isSettled: boolean
}

/** An overloaded server is asked again so much later. */
const RETRY_AFTER: Millis = 1_000

/** A plain server acknowledges nothing: what was sent to it counts as arrived so much later. */
const PLAIN_PACE: Millis = 200

/** Acknowledgements that promise that the record is stored there. */
const STORED = 'OK'
/** Another record of the key stands, and was sent to us. */
const SUPERSEDED = 'SUPERSEDED'

export function countsOf({ sent, confirmed, refused, isSettled }: Sending): Counts {
  return { sent: sent.length, confirmed: confirmed.length, refused, isWaiting: !isSettled }
}

/** Lists and not sets: thousands of deliveries wait at a time, most of them for one server, and three sets are larger than the record. */
function addOnce<T>(list: T[], item: T): void {
  if (!list.includes(item)) list.push(item)
}

/** False where it was not there. */
function remove<T>(list: T[], item: T): boolean {
  const at = list.indexOf(item)
  if (at < 0) return false
  list.splice(at, 1)
  return true
}

export class Deliveries {
  readonly #kernel: Kernel
  readonly #fanout: Fanout
  readonly #clientId: string
  readonly #claims: OwnClaims
  readonly #isAlone: () => boolean
  readonly #room: OutboxRoom
  /** By message id, the oldest first. BOUNDED: by the room for those that no server has, twice that with the others. */
  readonly #byId = new Map<string, Delivery>()
  /** Some server has them, others are still to say so. BOUNDED: by the deliveries, oldest out. */
  readonly #settled = new Set<Delivery>()
  /** The newest of each key that no server has yet, and each set of changes. BOUNDED: by the deliveries. */
  readonly #waitingByKey = new Map<string, Delivery>()
  readonly #windows = new Windows()
  #size = 0

  constructor(parts: {
    kernel: Kernel
    fanout: Fanout
    clientId: string
    claims: OwnClaims
    isServer: boolean
    serversConnected(): number
  }) {
    const { kernel, isServer, serversConnected } = parts
    this.#kernel = kernel
    this.#fanout = parts.fanout
    this.#clientId = parts.clientId
    this.#claims = parts.claims
    // A server with no other one keeps and serves its records itself: it can go on for ever, and is told what no later server is sent.
    this.#isAlone = () => isServer && serversConnected() === 0
    this.#room = new OutboxRoom({ kernel, isDraining: () => serversConnected() > 0, mayOverflow: this.#isAlone })
  }

  get size(): number {
    return this.#byId.size
  }

  /** To be asked before the record is stored; `undefined` where there was no room in time. */
  enter(
    /** Without a key nothing that waits is replaced, as far as is known yet. */
    wish: { key: string | undefined; size: number; timeout: Millis },
    then: (place: Place | undefined) => void,
  ): void {
    const older = wish.key === undefined ? undefined : this.#replaceable(wish.key)
    this.#room.enter({ size: wish.size, freed: older?.size, timeout: wish.timeout }, then)
  }

  /** Not sent yet: whoever waits for the outcome says so first, for a plain server has it as soon as it is sent. */
  add(
    record: WireRecord,
    {
      to,
      size,
      place,
      text = recordText(record),
      replaced = [],
    }: {
      readonly to: readonly string[]
      readonly size: number
      readonly place: Place
      /** The JSON of the record, where it is there already. */
      readonly text: string | undefined
      /** Hashes of sets of changes that this one holds. */
      readonly replaced?: readonly string[]
    },
  ): Sending {
    const message = messageOf(record, { id: this.#kernel.messageId(), to })
    const delivery: Delivery = {
      message,
      text,
      size,
      place,
      sent: [],
      confirmed: [],
      refused: 0,
      open: [],
      waiter: undefined,
      isSettled: false,
    }
    const slot = slotOf(record)
    this.#replace(slot)
    for (const h of replaced) this.#replace(slotOfSet(record.k, h))
    this.#byId.set(message.id, delivery)
    this.#waitingByKey.set(slot, delivery)
    this.#size += delivery.size
    this.#bound()
    return delivery
  }

  /** Calls back once enough servers have confirmed, or no more answers are to come, or the time is over. */
  wait(sending: Sending, wish: { needed: number | 'all'; timeout: Millis }, then: (counts: Counts) => void): void {
    const delivery = this.#byId.get(sending.message.id)
    if (delivery === undefined) {
      then(countsOf(sending))
      return
    }
    const timer = this.#kernel.after(wish.timeout, () => this.#endWait(delivery))
    delivery.waiter = { needed: wish.needed, timer, then }
    this.#check(delivery)
  }

  send(sending: Sending, servers: Iterable<Peer>): void {
    const delivery = this.#byId.get(sending.message.id)
    if (delivery !== undefined) this.#sendTo(delivery, servers)
  }

  /** True where the message is one of ours that was put. */
  handleAck(peer: Peer, id: string, code: string): boolean {
    this.#windows.leave(peer, id)
    const delivery = this.#byId.get(id)
    if (delivery !== undefined) this.#handleAckOf(delivery, peer, code)
    this.#goOn(peer)
    return delivery !== undefined
  }

  #handleAckOf(delivery: Delivery, peer: Peer, code: string): void {
    if (!remove(delivery.open, peer)) return
    if (code === STORED) {
      this.#claims.confirm(delivery.message.data.k)
      addOnce(delivery.confirmed, peer.peerId)
      this.#settle(delivery)
    } else if (isPassing(code)) this.#again(delivery, peer)
    else {
      if (code !== SUPERSEDED) {
        delivery.refused++
        const { k: key, t: time } = delivery.message.data
        const refusal = { kind: 'put', key, code, time, peerId: peer.peerId } as const
        this.#kernel.emit({ kind: 'refused', refusal })
      }
      this.#settle(delivery)
    }
    this.#check(delivery)
  }

  /** True where the message is one of ours that put this key. */
  isOf(id: string, key: string): boolean {
    return this.#byId.get(id)?.message.data.k === key
  }

  handleServer(peer: Peer): void {
    for (const delivery of [...this.#byId.values()]) {
      if (!delivery.isSettled || delivery.waiter !== undefined) this.#sendTo(delivery, [peer])
    }
  }

  handleGone(peer: Peer): void {
    this.#windows.drop(peer)
    this.#room.letIn()
    for (const delivery of [...this.#byId.values()]) {
      if (remove(delivery.open, peer)) this.#check(delivery)
    }
  }

  #sendTo(delivery: Delivery, servers: Iterable<Peer>): void {
    if (isExpired(delivery.message.data, this.#kernel.now)) {
      this.#drop(delivery)
      return
    }
    const { id, to, data } = delivery.message
    const ready: Peer[] = []
    for (const server of servers) {
      if (to.includes(server.clientId) || delivery.open.includes(server)) continue
      addOnce(delivery.sent, server.peerId)
      delivery.open.push(server)
      this.#fanout.noteSeen(server, data)
      if (this.#windows.enter(server, id, delivery.size)) ready.push(server)
    }
    this.#transmit(delivery, ready)
  }

  #transmit(delivery: Delivery, servers: readonly Peer[]): void {
    if (servers.length === 0) return
    const { type, id, to, data } = delivery.message
    this.#fanout.sendPut(servers, { type, id, to: [...to, this.#clientId], data }, delivery.text)
    for (const server of servers) {
      if (has(server, 'ack')) continue
      // A plain server never says so, but it has it.
      remove(delivery.open, server)
      this.#settle(delivery)
      this.#kernel.after(PLAIN_PACE, () => {
        this.#windows.leave(server, id)
        this.#goOn(server)
      })
    }
    this.#check(delivery)
  }

  /** Sends what has waited for room. */
  #goOn(peer: Peer): void {
    const sizeOf = (id: string): number | undefined => {
      const delivery = this.#byId.get(id)
      return delivery?.open.includes(peer) === true ? delivery.size : undefined
    }
    for (let id = this.#windows.next(peer, sizeOf); id !== undefined; id = this.#windows.next(peer, sizeOf)) {
      const delivery = this.#byId.get(id)
      if (delivery !== undefined) this.#transmit(delivery, [peer])
    }
  }

  #again(delivery: Delivery, peer: Peer): void {
    this.#kernel.counters.add('deliveries.again')
    this.#kernel.after(RETRY_AFTER, () => {
      if (peer.session.state.kind === 'connected' && this.#byId.get(delivery.message.id) === delivery) {
        this.#sendTo(delivery, [peer])
      }
    })
  }

  /** Nobody is being sent what waits under this key: a newer record takes its place. */
  #replaceable(slot: string): Delivery | undefined {
    const older = this.#waitingByKey.get(slot)
    return older !== undefined && older.open.length === 0 && older.waiter === undefined ? older : undefined
  }

  #replace(slot: string): void {
    const older = this.#replaceable(slot)
    if (older !== undefined) this.#drop(older)
  }

  /** To be followed by a look at whether anything is still waited for. */
  #settle(delivery: Delivery): void {
    if (delivery.isSettled) return
    delivery.isSettled = true
    delivery.place.release()
    const slot = slotOf(delivery.message.data)
    if (this.#waitingByKey.get(slot) === delivery) this.#waitingByKey.delete(slot)
  }

  #check(delivery: Delivery): void {
    const { waiter } = delivery
    if (waiter !== undefined) {
      const isEnough =
        waiter.needed === 'all'
          ? delivery.sent.length > 0 && delivery.open.length === 0 && delivery.isSettled
          : delivery.confirmed.length >= waiter.needed
      if (isEnough) {
        this.#endWait(delivery)
        return
      }
    }
    this.#dropOrKeep(delivery)
  }

  #dropOrKeep(delivery: Delivery): void {
    if (!delivery.isSettled) return
    if (delivery.waiter === undefined && delivery.open.length === 0) this.#drop(delivery)
    else this.#settled.add(delivery)
  }

  #endWait(delivery: Delivery): void {
    const { waiter } = delivery
    if (waiter === undefined) return
    this.#kernel.cancel(waiter.timer)
    delivery.waiter = undefined
    waiter.then(countsOf(delivery))
    this.#dropOrKeep(delivery)
  }

  #drop(delivery: Delivery): void {
    if (!this.#byId.delete(delivery.message.id)) return
    this.#settle(delivery)
    this.#settled.delete(delivery)
    delivery.open.length = 0
    this.#size -= delivery.size
    this.#endWait(delivery)
  }

  /** What some server has goes first; of the others only a server that is alone lets go, and says so. */
  #bound(): void {
    for (const delivery of this.#settled) {
      if (!this.#isOver()) return
      this.#kernel.counters.add('outbox.unconfirmed')
      this.#drop(delivery)
    }
    if (!this.#isAlone()) return
    for (const delivery of this.#byId.values()) {
      if (!this.#isOver()) return
      this.#kernel.counters.add('outbox.dropped')
      this.#kernel.emit({ kind: 'unsent', key: delivery.message.data.k })
      this.#drop(delivery)
    }
  }

  #isOver(): boolean {
    const { outboxRecordsMax, outboxSizeMax } = this.#kernel.limits
    return this.#byId.size > outboxRecordsMax || this.#size > outboxSizeMax
  }
}

function slotOf(record: WireRecord): string {
  return isCrdtRecord(record) ? slotOfSet(record.k, record.h) : record.k
}

/** No key begins so. */
function slotOfSet(key: string, hash: string): string {
  return `\u0000${hash}${key}`
}
