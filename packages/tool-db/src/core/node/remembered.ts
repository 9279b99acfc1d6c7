/** Names with an end: what was true of an endpoint or a key a while ago, kept so long and no longer. */

import type { Millis } from '@shoal/base'
import type { Kernel } from './kernel.ts'

export class Remembered {
  readonly #kernel: Kernel
  readonly #lifetime: Millis
  readonly #countMax: number
  /** BOUNDED: countMax, oldest out; and by time. */
  readonly #until = new Map<string, Millis>()

  constructor(kernel: Kernel, init: { readonly lifetime: Millis; readonly countMax: number }) {
    this.#kernel = kernel
    this.#lifetime = init.lifetime
    this.#countMax = init.countMax
  }

  get size(): number {
    return this.#until.size
  }

  add(name: string): void {
    this.#until.delete(name)
    this.#until.set(name, this.#kernel.now + this.#lifetime)
    if (this.#until.size <= this.#countMax) return
    const oldest = this.#until.keys().next()
    if (!oldest.done) this.#until.delete(oldest.value)
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
    this.#until.delete(name)
    return isThere
  }

  has(name: string): boolean {
    const until = this.#until.get(name)
    if (until === undefined) return false
    if (until > this.#kernel.now) return true
    this.#until.delete(name)
    return false
  }
}
