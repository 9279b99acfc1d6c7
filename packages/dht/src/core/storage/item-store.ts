/**
 * The items that others put here (BEP 44). Every operation is O(1); items, bytes, and what one source may hold of them are
 * bounded. Where there is no more room, of a few items drawn at random the one farthest from our id goes: what
 * belongs here lies close to us, what somebody floods us with does not.
 */

import { HOUR, type Millis, type RandomSource, randomBelow } from '@shoal/base'
import { compareDistance, type NodeId } from '../id/node-id.ts'
import type { Item } from '../item/item.ts'

/** BEP 44: items that are not put again may expire after two hours. */
export const ITEM_LIFETIME_MS: Millis = 2 * HOUR
/** What an item takes beside its value, about. */
const OVERHEAD_BYTES = 256
/** How many items compete to be the one that makes room. */
const EVICTION_CANDIDATES = 8

export interface ItemStoreLimits {
  readonly itemsMax: number
  readonly itemBytesMax: number
  readonly itemsPerAddressMax: number
}

/** Where an item is put: its target as an id, and as the key of `Map`s. */
export interface ItemPlace {
  readonly id: NodeId
  readonly key: string
}

interface Entry {
  readonly place: ItemPlace
  /** Who put it first: whoever puts it again does not take it over, lest he take it along when his share is full. */
  source: string
  /** Who else put it last: when the share of the first is full the item is his, lest somebody put others' items first. */
  heir: string | undefined
  item: Item
  expiresAt: Millis
  /** Where it stands in #list. */
  at: number
}

export class ItemStore {
  #limits: ItemStoreLimits
  readonly #random: RandomSource
  /** The one put longest ago first. BOUNDED: itemsMax, and itemBytesMax in all. */
  readonly #entries = new Map<string, Entry>()
  /** The same in no order, to draw from. BOUNDED: as #entries. */
  readonly #list: Entry[] = []
  /** Oldest first. BOUNDED: itemsPerAddressMax each, and together as #entries. */
  readonly #bySource = new Map<string, Set<Entry>>()
  #bytes = 0
  #displaced = 0

  constructor(limits: ItemStoreLimits, random: RandomSource) {
    this.#limits = limits
    this.#random = random
  }

  /** Holds for what is put from now on. */
  setLimits(limits: ItemStoreLimits): void {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** Of the values and what comes with each. */
  get bytes(): number {
    return this.#bytes
  }

  /** Items that had to make room for others, so far. */
  get displaced(): number {
    return this.#displaced
  }

  get(now: Millis, key: string): Item | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || entry.expiresAt <= now ? undefined : entry.item
  }

  /** Stores the item, which has been checked, or what is newer of it; `source` is the address that sent it. */
  put(now: Millis, place: ItemPlace, { item, source, ownId }: { item: Item; source: string; ownId: NodeId }): void {
    this.expire(now)
    const held = this.#entries.get(place.key)
    if (held !== undefined) {
      this.#bytes += item.value.length - held.item.value.length
      held.item = item
      if (source !== held.source) held.heir = source
      held.expiresAt = now + ITEM_LIFETIME_MS
      this.#entries.delete(place.key)
      this.#entries.set(place.key, held)
    } else {
      this.#add({ place, source, heir: undefined, item, expiresAt: now + ITEM_LIFETIME_MS, at: this.#list.length })
    }
    const { itemsMax, itemBytesMax } = this.#limits
    while (this.#entries.size > itemsMax || this.#bytes > itemBytesMax) this.#displace(this.#farthestOfFew(ownId))
  }

  /** Drops what has expired from the old end; amortized O(1). */
  expire(now: Millis): void {
    for (const entry of this.#entries.values()) {
      if (entry.expiresAt > now) return
      this.#remove(entry)
    }
  }

  #add(entry: Entry): void {
    const { source } = entry
    this.#makeRoomIn(source)
    this.#shareOf(source).add(entry)
    entry.at = this.#list.length
    this.#list.push(entry)
    this.#entries.set(entry.place.key, entry)
    this.#bytes += entry.item.value.length + OVERHEAD_BYTES
  }

  /** A full share drops its oldest, or leaves it to who else put it. */
  #makeRoomIn(source: string): void {
    const most = Math.max(this.#limits.itemsPerAddressMax, 1)
    const share = this.#bySource.get(source)
    if (share === undefined || share.size < most) return
    const [oldest] = share
    if (oldest === undefined) return
    const { heir } = oldest
    if (heir === undefined || (this.#bySource.get(heir)?.size ?? 0) >= most) {
      this.#displace(oldest)
      return
    }
    this.#leaveShare(oldest)
    oldest.source = heir
    oldest.heir = undefined
    this.#shareOf(heir).add(oldest)
  }

  #shareOf(source: string): Set<Entry> {
    const known = this.#bySource.get(source)
    if (known !== undefined) return known
    const share = new Set<Entry>()
    this.#bySource.set(source, share)
    return share
  }

  #leaveShare(entry: Entry): void {
    const share = this.#bySource.get(entry.source)
    share?.delete(entry)
    if (share?.size === 0) this.#bySource.delete(entry.source)
  }

  #displace(entry: Entry): void {
    this.#displaced++
    this.#remove(entry)
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.place.key)
    this.#bytes -= entry.item.value.length + OVERHEAD_BYTES
    const last = this.#list.pop() as Entry
    if (last !== entry) {
      this.#list[entry.at] = last
      last.at = entry.at
    }
    this.#leaveShare(entry)
  }

  #farthestOfFew(ownId: NodeId): Entry {
    let farthest = this.#draw()
    for (let i = 1; i < EVICTION_CANDIDATES; i++) {
      const other = this.#draw()
      if (compareDistance(ownId, other.place.id, farthest.place.id) > 0) farthest = other
    }
    return farthest
  }

  #draw(): Entry {
    return this.#list[randomBelow(this.#random, this.#list.length)] as Entry
  }
}
