/**
 * The endpoints that are being tried: from the dial until somebody there has proved himself. There are only so many places, and
 * whoever has had a place for its turn gives way when others wait, so that silence costs them a moment and not a time-out.
 */

import type { Millis } from '@shoal/base'
import type { DialEntry } from './dial-entry.ts'

export class DialAttempts {
  /** When each began, the first first. BOUNDED: by whoever begins them, dialsMax. */
  readonly #began = new Map<DialEntry, Millis>()

  get size(): number {
    return this.#began.size
  }

  begin(now: Millis, entry: DialEntry): void {
    this.#began.set(entry, now)
  }

  end(entry: DialEntry): void {
    this.#began.delete(entry)
  }

  clear(): void {
    this.#began.clear()
  }

  /** The one that has been tried longest. */
  oldest(): { readonly entry: DialEntry; readonly began: Millis } | undefined {
    const [first] = this.#began
    return first === undefined ? undefined : { entry: first[0], began: first[1] }
  }
}
