/** Names with an end: what was true of an endpoint or a key a while ago, kept so long and no longer; of too many the oldest half goes. */

import type { Millis } from '@shoal/base'
import type { Kernel } from './kernel.ts'

export class Remembered {
  readonly #kernel: Kernel
  readonly #lifetime: Millis
  readonly #countMax: number
  // Two halves: when the young one is full, it becomes the old one, and what was old is gone. To look for the oldest in one
  // table, among the holes that those before it left, would cost more than all else here.
  /** BOUNDED: half of countMax; and by time. */
  #young = new Map<string, Millis>()
  /** BOUNDED: as the young one. */
  #old: Map<string, Millis> = new Map()

  constructor(kernel: Kernel, init: { readonly lifetime: Millis; readonly countMax: number }) {
    this.#kernel = kernel
    this.#lifetime = init.lifetime
    this.#countMax = init.countMax
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  add(name: string): void {
    this.#old.delete(name)
    if (this.#young.size >= this.#countMax / 2 && !this.#young.has(name)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(name, this.#kernel.now + this.#lifetime)
  }

  /** False where it was there already. */
  addNew(name: string): boolean {
    if (this.has(name)) return false
    this.add(name)
    return true
  }

  /** True where it was there; it is not any more. */
  take(name: string): boolean {
    const isThere = this.has(name)
    this.#forget(name)
    return isThere
  }

  clear(): void {
    this.#young.clear()
    this.#old.clear()
  }

  has(name: string): boolean {
    const until = this.#young.get(name) ?? this.#old.get(name)
    if (until === undefined) return false
    if (until > this.#kernel.now) return true
    this.#forget(name)
    return false
  }

  #forget(name: string): void {
    this.#young.delete(name)
    this.#old.delete(name)
  }
}
