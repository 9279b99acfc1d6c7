/**
 * Room for our own records that no server has yet. A put takes its place before it is stored, and keeps it until a server
 * has the record: what was acknowledged to the application is never pushed out by what comes after it. Where there is no
 * room, a put waits as long as a server is there that takes what is waiting, else it is refused.
 */

import type { Millis } from '@shoal/base'
import type { Kernel, Timer } from './kernel.ts'

export interface RoomWish {
  /** Of the value. */
  readonly size: number
  /** What this record makes free when it replaces one that waits under its key. */
  readonly freed: number | undefined
  readonly timeout: Millis
}

export interface OutboxRoomParts {
  readonly kernel: Kernel
  /** A server is connected: room will be made. */
  isDraining(): boolean
  /** Nothing is refused: who keeps what is put here, and serves it, can let the oldest go. */
  mayOverflow(): boolean
}

interface Waiter {
  readonly wish: RoomWish
  answer: ((place: Place | undefined) => void) | undefined
  timer: Timer | undefined
}

export class OutboxRoom {
  readonly #parts: OutboxRoomParts
  /** The oldest first. UNBOUNDED: each is a call of the application, which holds its value, and ends with its time. */
  readonly #waiting: Waiter[] = []
  #count = 0
  #size = 0
  #isLettingIn = false

  constructor(parts: OutboxRoomParts) {
    this.#parts = parts
  }

  /** `then` gets a place, at once or later, or `undefined` where there was no room in time. */
  enter(wish: RoomWish, then: (place: Place | undefined) => void): void {
    if (this.#waiting.length === 0 && this.#hasRoom(wish)) {
      then(this.#take(wish.size))
      return
    }
    const { kernel } = this.#parts
    if (!this.#parts.isDraining() || wish.timeout === 0) {
      kernel.counters.add('refused.outbox')
      then(undefined)
      return
    }
    const waiter: Waiter = { wish, answer: then, timer: undefined }
    waiter.timer = kernel.after(wish.timeout, () => {
      kernel.counters.add('refused.outbox')
      const { answer } = waiter
      waiter.answer = undefined
      this.letIn()
      answer?.(undefined)
    })
    this.#waiting.push(waiter)
  }

  /** In a turn of its own: room is made in the midst of other work. */
  letIn(): void {
    if (this.#isLettingIn || this.#waiting.length === 0) return
    this.#isLettingIn = true
    this.#parts.kernel.after(0, () => {
      this.#isLettingIn = false
      this.#letInAll()
    })
  }

  #letInAll(): void {
    for (let waiter = this.#waiting[0]; waiter !== undefined; waiter = this.#waiting[0]) {
      const { answer, wish, timer } = waiter
      if (answer !== undefined && !this.#hasRoom(wish)) return
      this.#waiting.shift()
      if (answer === undefined) continue
      this.#parts.kernel.cancel(timer)
      answer(this.#take(wish.size))
    }
  }

  #hasRoom({ size, freed }: RoomWish): boolean {
    if (this.#count === 0 || this.#parts.mayOverflow()) return true
    const { outboxRecordsMax, outboxSizeMax } = this.#parts.kernel.limits
    const count = this.#count + (freed === undefined ? 1 : 0)
    return count <= outboxRecordsMax && this.#size - (freed ?? 0) + size <= outboxSizeMax
  }

  #take(size: number): Place {
    this.#count++
    this.#size += size
    return new Place(size, this.#giveBack)
  }

  readonly #giveBack = (size: number): void => {
    this.#count--
    this.#size -= size
    this.letIn()
  }
}

/** Given back once; more often does nothing. */
export class Place {
  readonly #size: number
  #giveBack: ((size: number) => void) | undefined

  constructor(size: number, giveBack: (size: number) => void) {
    this.#size = size
    this.#giveBack = giveBack
  }

  release(): void {
    this.#giveBack?.(this.#size)
    this.#giveBack = undefined
  }
}
