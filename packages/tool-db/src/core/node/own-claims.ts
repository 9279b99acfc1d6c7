/**
 * Frozen names claimed here that no server has confirmed. Until one has, the claim is no more than a wish: what a server holds
 * instead goes before it, however old that is.
 */

const CLAIMS_MAX = 10_000

export class OwnClaims {
  /** BOUNDED: CLAIMS_MAX, oldest out: those count as confirmed. */
  readonly #open = new Set<string>()

  add(key: string): void {
    this.#open.add(key)
    if (this.#open.size <= CLAIMS_MAX) return
    for (const oldest of this.#open) {
      this.#open.delete(oldest)
      return
    }
  }

  confirm(key: string): void {
    this.#open.delete(key)
  }

  isOpen(key: string): boolean {
    return this.#open.has(key)
  }
}
