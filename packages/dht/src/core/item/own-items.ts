/**
 * The items that we put and keep alive: each is put again well before others would drop it (BEP 44: they may after two hours,
 * and it should be done every hour), at moments that differ from node to node.
 */

import { type Deadline, DeadlineQueue, HOUR, MINUTE, type Millis, type RandomSource, randomFraction } from '@shoal/base'
import { idKey } from '../id/node-id.ts'
import type { Item } from './item.ts'

const AGAIN_MIN_MS: Millis = 45 * MINUTE
/** Where nobody took it. */
const RETRY_MIN_MS: Millis = 4 * MINUTE

/** An item that is to be stored by others, as it is: it carries its signature. */
export interface ItemOrder {
  readonly target: Uint8Array
  readonly salt: Uint8Array
  readonly item: Item
  /** Store it only over this sequence number. */
  readonly cas: bigint | undefined
}

interface OwnItem {
  readonly order: ItemOrder
  deadline: Deadline<OwnItem> | undefined
}

export class OwnItems {
  readonly #random: RandomSource
  /** By target. BOUNDED: by the caller, who puts each. */
  readonly #items = new Map<string, OwnItem>()
  /** BOUNDED: one for each item. */
  readonly #deadlines = new DeadlineQueue<OwnItem>()

  constructor(random: RandomSource) {
    this.#random = random
  }

  get size(): number {
    return this.#items.size
  }

  nextAt(): Millis | undefined {
    return this.#deadlines.nextAt()
  }

  /** Puts it again from now on, instead of any earlier one under the same target. */
  keep(now: Millis, order: ItemOrder): void {
    this.drop(order.target)
    const own: OwnItem = { order: { ...order, cas: undefined }, deadline: undefined }
    this.#items.set(idKey(order.target, 0), own)
    this.#schedule(own, now + this.#jittered(AGAIN_MIN_MS, HOUR - AGAIN_MIN_MS))
  }

  drop(target: Uint8Array): boolean {
    const key = idKey(target, 0)
    const own = this.#items.get(key)
    if (own?.deadline !== undefined) this.#deadlines.remove(own.deadline)
    return this.#items.delete(key)
  }

  /** The next that is to be put now; it is due again in an hour. */
  takeDue(now: Millis): ItemOrder | undefined {
    const own = this.#deadlines.takeDue(now)
    if (own === undefined) return undefined
    own.deadline = undefined
    this.#schedule(own, now + this.#jittered(AGAIN_MIN_MS, HOUR - AGAIN_MIN_MS))
    return own.order
  }

  /** Nobody took it: it is due again in a few minutes. */
  retry(now: Millis, target: Uint8Array): void {
    const own = this.#items.get(idKey(target, 0))
    if (own !== undefined) this.#schedule(own, now + this.#jittered(RETRY_MIN_MS, RETRY_MIN_MS / 2))
  }

  #schedule(own: OwnItem, at: Millis): void {
    if (own.deadline !== undefined) this.#deadlines.remove(own.deadline)
    own.deadline = this.#deadlines.add(at, own)
  }

  #jittered(least: Millis, spread: Millis): Millis {
    return least + spread * randomFraction(this.#random)
  }
}
