/** The addresses that lead into the network: where to begin with no contacts, and what a small table falls back to. */

import type { Endpoint, Family } from '@shoal/base'
import { addressOf, type NodeAddress } from '../id/address.ts'

const ENTRY_POINTS_MAX = 64

export class EntryPoints {
  readonly #family: Family
  /** By compact address. BOUNDED: ENTRY_POINTS_MAX, oldest out. */
  readonly #addresses = new Map<string, NodeAddress>()
  /** Compact addresses. BOUNDED: ENTRY_POINTS_MAX, later ones are not taken. */
  readonly #keptOut = new Set<string>()

  constructor(family: Family) {
    this.#family = family
  }

  add(nodes: readonly Endpoint[]): void {
    for (const node of nodes) {
      const address = addressOf(node, this.#family)
      if (address === undefined) continue
      this.#addresses.delete(address.key)
      this.#addresses.set(address.key, address)
      if (this.#addresses.size <= ENTRY_POINTS_MAX) continue
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest)
        break
      }
    }
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

  /** Whom to ask besides our contacts; those kept out only when there is nobody else. */
  fallbacks(hasContacts: boolean): readonly NodeAddress[] {
    const addresses = [...this.#addresses.values()]
    return hasContacts ? addresses.filter((address) => !this.isKeptOut(address)) : addresses
  }
}
