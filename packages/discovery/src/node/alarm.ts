/** The one timer of a sans-IO machine, and the clock that it goes by. */

import type { Millis } from '@shoal/base'

/** Never runs backwards and never jumps: a schedule must not stand still for hours because somebody set the clock. */
export function monotonicNow(): Millis {
  return performance.timeOrigin + performance.now()
}

/** Longer waits overflow a Node timer, which then fires at once; we wake early instead and look again. */
const TIMER_MAX_MS = 0x7fff_ffff

export class Alarm {
  readonly #onDue: () => void
  #timer: NodeJS.Timeout | undefined
  #at: Millis | undefined

  constructor(onDue: () => void) {
    this.#onDue = onDue
  }

  /** Goes off once at `at`, in place of whatever was set before; `undefined` is silence. */
  set(at: Millis | undefined): void {
    if (at === this.#at) return
    clearTimeout(this.#timer)
    this.#at = at
    this.#timer = undefined
    if (at !== undefined) this.#arm(at)
  }

  #arm(at: Millis): void {
    const wait = Math.min(Math.max(Math.ceil(at - monotonicNow()), 0), TIMER_MAX_MS)
    this.#timer = setTimeout(() => {
      if (monotonicNow() < at) {
        this.#arm(at)
        return
      }
      this.#at = undefined
      this.#timer = undefined
      this.#onDue()
    }, wait)
  }
}
