/**
 * How much of ours may be on its way to one server: the rest waits for room. All at once, a long queue would overflow the
 * channel and look like a flood to the server; cut off, we would send it all again, and never come to its end.
 */

import type { Peer } from './session.ts'

/** A quarter of what a channel takes before it counts as stalled; and as many as the server's limits let through in an eighth of a second. */
const FLYING_SIZE_MAX = 1_048_576
const FLYING_COUNT_MAX = 512

interface Window {
  size: number
  /** Sizes by message id. BOUNDED: FLYING_COUNT_MAX. */
  readonly flying: Map<string, number>
  /** Message ids, the oldest first. BOUNDED: by the deliveries. */
  readonly waiting: string[]
}

export class Windows {
  /** BOUNDED: by the servers. */
  readonly #windows = new Map<Peer, Window>()

  /** True where the message may go now; otherwise it waits, and `next` gives it in its turn. */
  enter(peer: Peer, id: string, size: number): boolean {
    const window: Window = this.#windows.get(peer) ?? { size: 0, flying: new Map(), waiting: [] }
    this.#windows.set(peer, window)
    if (window.waiting.length > 0 || !hasRoom(window, size)) {
      window.waiting.push(id)
      return false
    }
    fly(window, id, size)
    return true
  }

  /** The message has arrived, or was refused. */
  leave(peer: Peer, id: string): void {
    const window = this.#windows.get(peer)
    const size = window?.flying.get(id)
    if (window === undefined || size === undefined) return
    window.flying.delete(id)
    window.size -= size
  }

  /** The next message that may go now; `sizeOf` gives `undefined` for those that need not go any more. */
  next(peer: Peer, sizeOf: (id: string) => number | undefined): string | undefined {
    const window = this.#windows.get(peer)
    for (let id = window?.waiting[0]; window !== undefined && id !== undefined; id = window.waiting[0]) {
      const size = sizeOf(id)
      if (size !== undefined && !hasRoom(window, size)) return undefined
      window.waiting.shift()
      if (size === undefined) continue
      fly(window, id, size)
      return id
    }
    return undefined
  }

  drop(peer: Peer): void {
    this.#windows.delete(peer)
  }
}

function hasRoom(window: Window, size: number): boolean {
  if (window.flying.size === 0) return true
  return window.flying.size < FLYING_COUNT_MAX && window.size + size <= FLYING_SIZE_MAX
}

function fly(window: Window, id: string, size: number): void {
  window.flying.set(id, size)
  window.size += size
}
