/**
 * Reads that a stranger's short message can make large: one at a time, in turn for each asker, and no more of them than a
 * share of one core goes through. Whoever asks for much waits; nobody else does.
 */

import type { Millis } from '@shoal/base'
import type { Kernel } from './kernel.ts'

/** What was read, as its length in UTF-16 units; or what it cost, in the same measure. */
type Done = (length: number) => void
type Read = (done: Done) => void

/** So much may be read at once after a quiet time. */
const BURST: Millis = 2_000

export interface HeavyReadsInit {
  readonly kernel: Kernel
  /** UTF-16 units that may be read in a millisecond. */
  readonly lengthPerMs: number
  readonly waitingMax: number
  readonly waitingPerAskerMax: number
}

export class HeavyReads {
  readonly #init: HeavyReadsInit
  /** By asker, whose turn comes next in front. BOUNDED: waitingMax, waitingPerAskerMax each. */
  readonly #waiting = new Map<object, Read[]>()
  #count = 0
  #isReading = false
  #paidUntil: Millis = 0

  constructor(init: HeavyReadsInit) {
    this.#init = init
  }

  /** Runs `read` when its turn has come, and it says once how much it was. False where too many wait. */
  enter(asker: object, read: Read): boolean {
    const { kernel, waitingMax, waitingPerAskerMax } = this.#init
    const own = this.#waiting.get(asker) ?? []
    if (this.#count >= waitingMax || own.length >= waitingPerAskerMax) {
      kernel.counters.add('refused.heavy-reads')
      return false
    }
    own.push(read)
    this.#waiting.set(asker, own)
    this.#count++
    if (!this.#isReading) this.#goOn()
    return true
  }

  #goOn(): void {
    const read = this.#next()
    if (read === undefined) return
    this.#isReading = true
    read((length) => {
      const { kernel, lengthPerMs } = this.#init
      this.#paidUntil = Math.max(this.#paidUntil, kernel.steady - BURST) + length / lengthPerMs
      const wait = Math.floor(this.#paidUntil - kernel.steady)
      const next = (): void => {
        this.#isReading = false
        this.#goOn()
      }
      if (wait <= 0) {
        next()
        return
      }
      kernel.counters.add('reads.paced')
      kernel.after(wait, next)
    })
  }

  #next(): Read | undefined {
    const first = this.#waiting.entries().next()
    if (first.done === true) return undefined
    const [asker, own] = first.value
    const read = own.shift()
    this.#waiting.delete(asker)
    if (own.length > 0) this.#waiting.set(asker, own)
    this.#count--
    return read
  }
}
