/**
 * A port that the router has opened for us: asked for at once, renewed before its lease ends, given back at close. The router
 * may come and go; what is true now is in `mapped`.
 */

import { EventEmitter } from 'node:events'
import { type RandomSource, SECOND, systemRandom } from '@shoal/base'
import { MappingSchedule } from '../core/mapping-schedule.ts'
import { Alarm, monotonicNow } from './alarm.ts'
import { GatewayMapper, type Mapped, type PortMapper } from './port-mapping-gateway.ts'

export interface PortMappingInit {
  readonly port: number
  /** The router to ask by NAT-PMP, in place of the default gateway. */
  readonly gateway?: string
  /** How long the router shall keep it without a renewal. By UPnP it is an hour at least. */
  readonly leaseSeconds?: number
  readonly mapper?: PortMapper
  readonly random?: RandomSource
}

export interface PortMappingEvents {
  /** The router has opened the port. `renewed`: it was open before. */
  mapped: [mapped: Mapped, renewed: boolean]
  /** It has not, and it is not open now; it is asked again, with patience. */
  failed: [error: Error]
}

const LEASE_SECONDS = 3_600
/** A close waits this long for the router, then leaves the mapping to its lease. */
const UNMAP_WITHIN_MS = 2 * SECOND

export class PortMapping extends EventEmitter<PortMappingEvents> {
  readonly #port: number
  readonly #lease: number
  readonly #mapper: PortMapper
  readonly #schedule: MappingSchedule
  readonly #alarm = new Alarm(() => this.#tick())
  readonly #abort = new AbortController()
  #mapped: Mapped | undefined
  /** Whether the router may hold something of ours. */
  #mayHold = false
  #running: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(init: PortMappingInit) {
    super()
    this.#port = init.port
    this.#lease = init.leaseSeconds ?? LEASE_SECONDS
    this.#mapper = init.mapper ?? new GatewayMapper(init.gateway)
    this.#schedule = new MappingSchedule(monotonicNow(), init.random ?? systemRandom())
    this.#alarm.set(this.#schedule.pollTimeout())
  }

  get mapped(): Mapped | undefined {
    return this.#mapped
  }

  /** Gives the port back, and ends within two seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#alarm.set(undefined)
    this.#abort.abort()
    await this.#running
    this.#mapped = undefined
    if (this.#mayHold) await this.#mapper.unmap(this.#port, AbortSignal.timeout(UNMAP_WITHIN_MS)).catch(() => {})
  }

  #tick(): void {
    if (this.#schedule.poll(monotonicNow())) this.#running = this.#map()
    else this.#alarm.set(this.#schedule.pollTimeout())
  }

  async #map(): Promise<void> {
    const { signal } = this.#abort
    try {
      const mapped = await this.#mapper.map(this.#port, this.#lease, signal)
      const renewed = this.#mapped !== undefined
      this.#mapped = mapped
      this.#mayHold = true
      this.#schedule.handleMapped(monotonicNow(), this.#lease * SECOND)
      if (!signal.aborted) this.#after(() => this.emit('mapped', mapped, renewed))
    } catch (error) {
      if (signal.aborted) return
      const isLost = this.#schedule.handleFailed(monotonicNow())
      if (isLost) this.#mapped = undefined
      this.#after(() => {
        if (isLost) this.emit('failed', error instanceof Error ? error : new Error(String(error)))
      })
    }
  }

  /** The next time is set before anybody hears of this one. */
  #after(tell: () => void): void {
    this.#alarm.set(this.#schedule.pollTimeout())
    tell()
  }
}
