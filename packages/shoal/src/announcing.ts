/**
 * One server on one topic, as far as others may hear of it: the port is asked from the router where there is a NAT, and announced
 * while nothing speaks against its being reached.
 */

import type { Endpoint } from '@shoal/base'
import { type Mapped, PortMapping } from '@shoal/discovery'
import type { DialOutcome, SwarmSession } from '@shoal/peer'
import { judgeReach, type MappingState, type Reach } from './reach.ts'

export interface MappingOptions {
  /** The router to ask by NAT-PMP, in place of the default gateway. */
  readonly gateway?: string
  /** How long the router shall keep the port without a renewal. */
  readonly leaseSeconds?: number
}

export interface AnnouncingInit {
  readonly port: number
  readonly isGiven: boolean
  readonly isPrivateNetwork: boolean
  readonly hasPublicAddress: boolean
  /** False never asks the router. */
  readonly mapping: boolean | MappingOptions
  /** Begins to announce. */
  readonly announce: () => SwarmSession
  readonly onReach: (reach: Reach) => void
  readonly onMapped: (mapped: Mapped, renewed: boolean) => void
}

export class Announcing {
  readonly #init: AnnouncingInit
  readonly #mapping: PortMapping | undefined
  #mappingState: MappingState
  #dialBack: 'reached' | 'not-reached' | undefined
  #reach: Reach = { kind: 'unknown' }
  #session: SwarmSession | undefined
  #stopping: Promise<void> = Promise.resolve()
  #isOver = false

  constructor(init: AnnouncingInit) {
    this.#init = init
    const { isPrivateNetwork, hasPublicAddress, mapping, port } = init
    const isNeeded = !isPrivateNetwork && !hasPublicAddress
    // A host that was given may well be the router's: asking for the port does no harm then.
    this.#mapping =
      isNeeded && mapping !== false ? new PortMapping({ port, ...(mapping === true ? {} : mapping) }) : undefined
    this.#mappingState = { kind: this.#mapping === undefined ? 'off' : 'asking' }
    this.#mapping?.on('mapped', (mapped, renewed) => {
      this.#mappingState = { kind: 'mapped' }
      init.onMapped(mapped, renewed)
      this.#judge()
    })
    this.#mapping?.on('failed', ({ message }) => {
      this.#mappingState = { kind: 'failed', reason: message }
      this.#judge()
    })
    this.#judge()
  }

  /** The router's address, while it keeps a port open for us. */
  get externalHost(): string | undefined {
    return this.#mapping?.mapped?.externalHost
  }

  /** What another server found when it dialled us. */
  handleDialBack(result: 'reached' | 'not-reached'): void {
    this.#dialBack = result
    this.#judge()
  }

  /** The announcing session keeps a book of its own: it too must hear what became of a dial. */
  report(endpoint: Endpoint, outcome: DialOutcome): void {
    this.#session?.report(endpoint, outcome)
  }

  /** Announces no more, and gives the port back to the router. */
  async close(): Promise<void> {
    this.#isOver = true
    this.#stop()
    await Promise.all([this.#stopping, this.#mapping?.close()])
  }

  #judge(): void {
    if (this.#isOver) return
    const { isGiven, isPrivateNetwork, hasPublicAddress, onReach } = this.#init
    const reach = judgeReach({
      isGiven,
      isPrivateNetwork,
      hasPublicAddress,
      mapping: this.#mappingState,
      dialBack: this.#dialBack,
    })
    const isNews = JSON.stringify(reach) !== JSON.stringify(this.#reach)
    this.#reach = reach
    if (reach.kind === 'reachable') this.#session ??= this.#init.announce()
    else this.#stop()
    if (isNews) onReach(reach)
  }

  #stop(): void {
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) this.#stopping = Promise.all([this.#stopping, session.leave()]).then(() => undefined)
  }
}
