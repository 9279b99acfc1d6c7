/** The asking half of BEP 44: finds items, puts them, and puts our own again before others drop them. */

import type { Millis, RandomSource } from '@shoal/base'
import type { OperationId } from '../engine-event.ts'
import { idKey, type NodeId, readNodeId } from '../id/node-id.ts'
import { ItemSearch } from '../lookup/item-search.ts'
import type { LookupQuery } from '../lookup/lookup.ts'
import type { LookupAim } from '../lookup/lookups.ts'
import type { ItemStore } from '../storage/item-store.ts'
import type { Item, ItemCrypto } from './item.ts'
import { type ItemOrder, OwnItems } from './own-items.ts'
import { refusalOf } from './put-rules.ts'

export interface ItemsInit {
  readonly crypto: ItemCrypto
  readonly random: RandomSource
  readonly stored: ItemStore
  start(now: Millis, query: LookupQuery, aim: LookupAim & { isAgain?: boolean }): OperationId
}

/** Who puts our own: one source, with a share like any other's. */
const OWN_SOURCE = ''

export class Items {
  readonly #init: ItemsInit
  readonly #own: OwnItems
  /** Puts of our own items that nobody waits for. BOUNDED: one for each own item. */
  readonly #again = new Map<OperationId, ItemOrder>()

  constructor(init: ItemsInit) {
    this.#init = init
    this.#own = new OwnItems(init.random)
  }

  /** How many items we keep alive. */
  get own(): number {
    return this.#own.size
  }

  pollTimeout(): Millis | undefined {
    return this.#own.nextAt()
  }

  handleTimeout(now: Millis): void {
    for (let order = this.#own.takeDue(now); order !== undefined; order = this.#own.takeDue(now)) {
      this.#again.set(this.#putAgain(now, order), order)
    }
  }

  /** Ends in `item-found`; the newest genuine item, or with `takesFirst` any. `isAgain`: as `Walks.item` has it. */
  find(
    now: Millis,
    target: Uint8Array,
    { salt, takesFirst, isAgain = false }: { salt: Uint8Array; takesFirst: boolean; isAgain?: boolean },
  ): OperationId {
    const search = this.#search(now, { target, salt, takesFirst })
    return this.#init.start(now, { method: 'get', target: readNodeId(target) }, { search, isAgain })
  }

  /** Ends in `item-found`, and then waits for what is to be stored there. */
  beginPut(now: Millis, target: Uint8Array, salt: Uint8Array): OperationId {
    const search = this.#search(now, { target, salt, takesFirst: false })
    return this.#init.start(now, { method: 'get', target: readNodeId(target) }, { search, order: 'awaited' })
  }

  /** Puts it again every hour or so, until it is dropped or somebody has put a newer one. */
  keep(now: Millis, order: ItemOrder): void {
    this.#own.keep(now, order)
  }

  /** False where it was not kept. */
  drop(target: Uint8Array): boolean {
    return this.#own.drop(target)
  }

  /** How a put of our own went: true where it was one that nobody waits for. */
  handleStored(
    now: Millis,
    { operation, nodes, best }: { operation: OperationId; nodes: number; best: Item | undefined },
  ): boolean {
    const order = this.#again.get(operation)
    if (order === undefined) return false
    this.#again.delete(operation)
    const isSuperseded = (best?.signed?.seq ?? -1n) > (order.item.signed?.seq ?? -1n)
    if (isSuperseded) this.#own.drop(order.target)
    else if (nodes === 0) this.#own.retry(now, order.target)
    return true
  }

  /** An item of ours, where we are one of the closest nodes to it ourselves. */
  store(now: Millis, order: ItemOrder, ownId: NodeId): boolean {
    const { stored } = this.#init
    const key = idKey(order.target, 0)
    if (refusalOf(stored.get(now, key), order.item, order.cas) !== undefined) return false
    stored.put(now, { id: readNodeId(order.target), key }, { item: order.item, source: OWN_SOURCE, ownId })
    return true
  }

  #putAgain(now: Millis, order: ItemOrder): OperationId {
    const { target, salt, item } = order
    const search = this.#search(now, { target, salt, takesFirst: false })
    const query: LookupQuery = { method: 'get', target: readNodeId(target), seq: item.signed?.seq }
    return this.#init.start(now, query, { search, order })
  }

  #search(now: Millis, init: { target: Uint8Array; salt: Uint8Array; takesFirst: boolean }): ItemSearch {
    const { crypto, stored } = this.#init
    const search = new ItemSearch({ ...init, crypto })
    const held = stored.get(now, idKey(init.target, 0))
    if (held !== undefined) search.offer(held)
    return search
  }
}
