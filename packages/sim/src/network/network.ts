/**
 * The network between the hosts, itself a machine without IO: it is handed what is sent, decides by its own randomness what becomes of it,
 * and says when and where it comes out. Nothing here knows what is inside a datagram.
 */

import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import type { Attachment } from './attachment.ts'
import { delayOf } from './latency.ts'
import { DOWNLOAD_BITS_PER_SECOND, UPLOAD_BITS_PER_SECOND } from './regions.ts'

export interface NetworkConditions {
  /** Shares of datagrams, 0 to 1. */
  readonly loss: number
  readonly duplication: number
  /** These are held up by up to `reorderingMs`, so that later ones overtake them. */
  readonly reordering: number
  readonly reorderingMs: Millis
  /** All delays times this. */
  readonly slowness: number
  /** Bandwidths times this. */
  readonly bandwidth: number
}

/** A wired network in ordinary shape. */
export const ORDINARY: NetworkConditions = {
  loss: 0.005,
  duplication: 0.000_5,
  reordering: 0.005,
  reorderingMs: 40,
  slowness: 1,
  bandwidth: 1,
}

/** What a line holds back before it drops. */
const BACKLOG_MAX_MS: Millis = 1_000
/** IP and UDP headers. */
const HEADER_BYTES = 28

export type DropReason = 'blocked' | 'lost' | 'congested' | 'parted' | 'nobody' | 'nat' | 'down' | 'buffer-full'

export interface NetworkCounters {
  sent: number
  bytes: number
  duplicated: number
  delivered: number
  readonly dropped: Record<DropReason, number>
}

/** On its way: as its sender is seen, to which port, and what is in it. */
export interface Datagram {
  readonly from: Endpoint
  readonly port: number
  readonly bytes: Uint8Array
}

export interface NetworkOutput {
  /** The datagram reaches the line of `to` at `at`; whether it gets in is asked then, with `arrive`. */
  deliver(at: Millis, to: Attachment, datagram: Datagram): void
  /** It is gone: at the end of `here`, on the way from or to `other`. */
  drop(now: Millis, why: DropReason, here: Attachment, other: Endpoint): void
}

export class Network {
  conditions: NetworkConditions
  readonly counters: NetworkCounters = {
    sent: 0,
    bytes: 0,
    duplicated: 0,
    delivered: 0,
    dropped: { blocked: 0, lost: 0, congested: 0, parted: 0, nobody: 0, nat: 0, down: 0, 'buffer-full': 0 },
  }
  /** By public address. BOUNDED: by the hosts of the world. */
  readonly #attachments = new Map<string, Attachment>()
  readonly #random: RandomSource
  readonly #output: NetworkOutput

  constructor(random: RandomSource, conditions: NetworkConditions, output: NetworkOutput) {
    this.#random = random
    this.conditions = conditions
    this.#output = output
  }

  attach(attachment: Attachment): void {
    this.#attachments.set(attachment.host, attachment)
  }

  move(attachment: Attachment, host: string): void {
    this.#attachments.delete(attachment.host)
    attachment.moveTo(host)
    this.#attachments.set(host, attachment)
  }

  at(host: string): Attachment | undefined {
    return this.#attachments.get(host)
  }

  send(now: Millis, from: Attachment, to: Endpoint, bytes: Uint8Array): void {
    const { conditions, counters } = this
    counters.sent++
    counters.bytes += bytes.length
    const seen = visibleSource(now, from, to)
    if (seen === undefined) {
      this.#drop(now, 'blocked', from, to)
      return
    }
    const target = this.#attachments.get(to.host)
    if (target === undefined) {
      this.#drop(now, 'nobody', from, to)
      return
    }
    if (target.side !== from.side) {
      this.#drop(now, 'parted', from, to)
      return
    }
    const draw = this.#random.uint32() / 0x1_0000_0000
    if (draw < conditions.loss) {
      this.#drop(now, 'lost', from, to)
      return
    }
    const leaves = occupyUplink(now, from, bytes.length, conditions.bandwidth)
    if (leaves === undefined) {
      this.#drop(now, 'congested', from, to)
      return
    }
    const datagram = { from: seen, port: to.port, bytes }
    this.#carry(leaves, from, target, datagram)
    if (draw > 1 - conditions.duplication) {
      counters.duplicated++
      this.#carry(leaves, from, target, datagram)
    }
  }

  #carry(leaves: Millis, from: Attachment, to: Attachment, datagram: Datagram): void {
    const { reordering, reorderingMs, slowness } = this.conditions
    let delay = delayOf(from, to, this.#random) * slowness
    const draw = this.#random.uint32() / 0x1_0000_0000
    if (draw < reordering) delay += (draw / reordering) * reorderingMs
    const at = Math.round((leaves + delay) * 1_000) / 1_000
    this.#output.deliver(at, to, datagram)
  }

  /**
   * A datagram has come to the line of `to`: when the host has all of it, which is at once unless the line is busy; `undefined`
   * where it does not get in.
   */
  arrive(now: Millis, to: Attachment, { from, port, bytes }: Datagram): Millis | undefined {
    const isIn = to.nat === undefined ? port === to.port : to.nat.inbound(now, from, port)
    const at = isIn ? occupyDownlink(now, to, bytes.length, this.conditions.bandwidth) : undefined
    if (at !== undefined) {
      this.counters.delivered++
      return at
    }
    const why = isIn ? 'congested' : to.nat === undefined ? 'nobody' : 'nat'
    this.#drop(now, why, to, from)
    return undefined
  }

  #drop(now: Millis, why: DropReason, here: Attachment, other: Endpoint): void {
    this.counters.dropped[why]++
    this.#output.drop(now, why, here, other)
  }
}

function visibleSource(now: Millis, from: Attachment, to: Endpoint): Endpoint | undefined {
  if (from.nat === undefined) return from.endpoint
  const port = from.nat.outbound(now, to)
  return port === undefined ? undefined : { host: from.host, port }
}

/** When the last bit has left; `undefined` where too much waits already. */
function occupyUplink(now: Millis, from: Attachment, length: number, factor: number): Millis | undefined {
  const rate = (UPLOAD_BITS_PER_SECOND[from.region] as number) * factor
  const begins = Math.max(now, from.uplinkFreeAt)
  if (begins - now > BACKLOG_MAX_MS) return undefined
  from.uplinkFreeAt = begins + ((length + HEADER_BYTES) * 8_000) / rate
  return from.uplinkFreeAt
}

/** The same at the other end; a free line takes a datagram as it comes. */
function occupyDownlink(now: Millis, to: Attachment, length: number, factor: number): Millis | undefined {
  const rate = (DOWNLOAD_BITS_PER_SECOND[to.region] as number) * factor
  const begins = Math.max(now, to.downlinkFreeAt)
  if (begins - now > BACKLOG_MAX_MS) return undefined
  to.downlinkFreeAt = begins + ((length + HEADER_BYTES) * 8_000) / rate
  return Math.round(begins * 1_000) / 1_000
}
