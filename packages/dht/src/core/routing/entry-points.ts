/** The addresses that lead into the network: where to begin with no contacts, and what a small table falls back to. */

import type { Endpoint, Family } from '@shoal/base'
import { addressOf, type NodeAddress } from '../id/address.ts'
import type { NodeId } from '../id/node-id.ts'

const ENTRY_POINTS_MAX = 64
const REMEMBERED_MAX = 32

export class EntryPoints {
  readonly #family: Family
  /** By compact address. BOUNDED: ENTRY_POINTS_MAX, oldest out. */
  readonly #addresses = new Map<string, NodeAddress>()
  /** Contacts of better times: of the last run, or lost while nothing at all reached us. BOUNDED: REMEMBERED_MAX, oldest out. */
  readonly #remembered = new Map<string, NodeAddress>()
  /** The ids that they had, as far as known. BOUNDED: as #remembered, since they go together. */
  readonly #ids = new Map<string, NodeId>()
  /** Compact addresses. BOUNDED: ENTRY_POINTS_MAX, later ones are not taken. */
  readonly #keptOut = new Set<string>()

  constructor(family: Family) {
    this.#family = family
  }

  add(nodes: readonly Endpoint[]): void {
    for (const node of nodes) {
      const address = addressOf(node, this.#family)
      if (address !== undefined) keep(this.#addresses, address, ENTRY_POINTS_MAX)
    }
  }

  get isEmpty(): boolean {
    return this.#addresses.size + this.#remembered.size === 0
  }

  /** For when we are alone: most likely it is our network that was gone, not they. */
  remember(address: NodeAddress, id?: NodeId): void {
    keep(this.#remembered, address, REMEMBERED_MAX)
    if (id !== undefined) this.#ids.set(address.key, id)
    if (this.#ids.size > REMEMBERED_MAX) {
      for (const key of this.#ids.keys()) if (!this.#remembered.has(key)) this.#ids.delete(key)
    }
  }

  /** The id that a node had when we knew it last: by that a walk begins with the closest. */
  idOf(address: NodeAddress): NodeId | undefined {
    return this.#ids.get(address.key)
  }

  /** There are contacts again. */
  forgetRemembered(): void {
    this.#remembered.clear()
    this.#ids.clear()
  }

  /** These serve everybody's bootstrap and want no further traffic: they never become contacts. */
  keepOut(nodes: readonly Endpoint[]): void {
    for (const node of nodes) {
      const address = addressOf(node, this.#family)
      if (address !== undefined && this.#keptOut.size < ENTRY_POINTS_MAX) this.#keptOut.add(address.key)
    }
  }

  isKeptOut(address: NodeAddress): boolean {
    return this.#keptOut.has(address.key)
  }

  /** Whom to ask besides our contacts; those kept out, and those remembered, only when there is nobody else. */
  fallbacks(hasContacts: boolean): readonly NodeAddress[] {
    const addresses = [...this.#addresses.values()]
    return hasContacts
      ? addresses.filter((address) => !this.isKeptOut(address))
      : [...addresses, ...this.#remembered.values()]
  }
}

function keep(addresses: Map<string, NodeAddress>, address: NodeAddress, most: number): void {
  addresses.delete(address.key)
  addresses.set(address.key, address)
  if (addresses.size <= most) return
  for (const oldest of addresses.keys()) {
    addresses.delete(oldest)
    return
  }
}
