/**
 * A process whose clock stands still until it is moved: its timers, `Date.now` and `performance.now` go by virtual time, while
 * sockets stay real. So ten minutes of a program on a loopback network pass in half a minute. Answers from
 * elsewhere come between two slices, at a virtual round trip of a slice or two.
 */

interface Timer {
  readonly id: number
  readonly run: () => void
  readonly every: number | undefined
  at: number
}

/** Virtual milliseconds that pass at once, and the real ones that are given to the sockets in between. */
const SLICE_MS = 25
const PAUSE_MS = 1

export class VirtualTime {
  readonly #realSetTimeout = globalThis.setTimeout
  readonly #timers = new Map<number, Timer>()
  readonly #epoch = Date.now()
  readonly #origin = performance.now()
  #elapsed = 0
  #ids = 0

  /** To be called once, before the program under measurement is loaded. */
  install(): void {
    Date.now = () => this.#epoch + Math.floor(this.#elapsed)
    Object.defineProperty(performance, 'now', { value: () => this.#origin + this.#elapsed, configurable: true })
    const set =
      (repeats: boolean) =>
      (run: (...args: unknown[]) => void, wait = 0, ...args: unknown[]): object =>
        this.#add(() => run(...args), Math.max(Number(wait) || 0, 1), repeats)
    const clear = (timer: unknown): void => {
      if (timer !== null && timer !== undefined) this.#timers.delete(Number(timer))
    }
    Object.assign(globalThis, {
      setTimeout: set(false),
      setInterval: set(true),
      clearTimeout: clear,
      clearInterval: clear,
    })
  }

  /** Lets this much virtual time pass. */
  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms
    while (this.#elapsed < end) {
      const next = Math.min(this.#elapsed + SLICE_MS, end)
      for (let timer: Timer | undefined; (timer = this.#earliest()) && timer.at <= next; ) this.#fire(timer)
      this.#elapsed = next
      await new Promise<void>((resolve) => this.#realSetTimeout(resolve, PAUSE_MS))
    }
  }

  #add(run: () => void, wait: number, repeats: boolean): object {
    const timer: Timer = { id: ++this.#ids, run, every: repeats ? wait : undefined, at: this.#elapsed + wait }
    this.#timers.set(timer.id, timer)
    const handle = {
      ref: () => handle,
      unref: () => handle,
      hasRef: () => true,
      close: () => this.#timers.delete(timer.id),
      refresh: () => {
        timer.at = this.#elapsed + wait
        this.#timers.set(timer.id, timer)
        return handle
      },
      [Symbol.toPrimitive]: () => timer.id,
    }
    return handle
  }

  #fire(timer: Timer): void {
    this.#elapsed = Math.max(this.#elapsed, timer.at)
    if (timer.every === undefined) this.#timers.delete(timer.id)
    else timer.at += timer.every
    timer.run()
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined
    for (const timer of this.#timers.values()) if (!earliest || timer.at < earliest.at) earliest = timer
    return earliest
  }
}
