/**
 * One server on one topic, as far as others may hear of it: the port is asked from the router where there is a NAT, and announced
 * while nothing speaks against its being reached.
 */

import { type Mapped, PortMapping } from '@shoal/discovery'
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
  /** Begins to announce, or ends it. */
  readonly announce: (on: boolean) => void
  readonly onReach: (reach: Reach) => void
  readonly onMapped: (mapped: Mapped, renewed: boolean) => void
}

/** For finding a server, connecting to it, and its word on whether it can dial us: of that it takes three seconds where we are silent. */
const WITNESS_WITHIN_MS = 6_000

export class Announcing {
  readonly #init: AnnouncingInit
  readonly #mapping: PortMapping | undefined
  #mappingState: MappingState
  #dialBack: 'reached' | 'not-reached' | undefined
  #reach: Reach = { kind: 'unknown' }
  #isOver = false
  #isSettled = false
  readonly #patience: NodeJS.Timeout

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
      // A no from before the port was open says nothing now.
      if (!renewed && this.#dialBack === 'not-reached') this.#dialBack = undefined
      init.onMapped(mapped, renewed)
      this.#judge()
    })
    this.#mapping?.on('failed', ({ message }) => {
      this.#mappingState = { kind: 'failed', reason: message }
      this.#judge()
    })
    this.#patience = setTimeout(() => this.#settle(), WITNESS_WITHIN_MS)
    this.#judge()
  }

  /** The router's address, while it keeps a port open for us. */
  get externalHost(): string | undefined {
    return this.#mapping?.mapped?.externalHost
  }

  /** A search is over; where it found nobody there is nobody to ask. */
  handleSearched(foundAny: boolean): void {
    if (!foundAny) this.#settle()
  }

  /** What another server found when it dialled us. */
  handleDialBack(result: 'reached' | 'not-reached'): void {
    this.#dialBack = result
    this.#judge()
  }

  /** Gives the port back to the router. */
  async close(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#patience)
    await this.#mapping?.close()
  }

  #settle(): void {
    clearTimeout(this.#patience)
    if (this.#isSettled) return
    this.#isSettled = true
    this.#judge()
  }

  #judge(): void {
    if (this.#isOver) return
    const { isGiven, isPrivateNetwork, hasPublicAddress, announce, onReach } = this.#init
    const reach = judgeReach({
      isGiven,
      isPrivateNetwork,
      hasPublicAddress,
      mapping: this.#mappingState,
      dialBack: this.#dialBack,
      isSettled: this.#isSettled,
    })
    const before = this.#reach
    this.#reach = reach
    if (before.kind !== reach.kind) announce(reach.kind === 'reachable')
    if (JSON.stringify(reach) !== JSON.stringify(before)) onReach(reach)
  }
}
