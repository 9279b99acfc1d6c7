/** Waits that end: by the thing itself, by the time being over, or by somebody stopping the command. */

/** What a wait gives when the time was over first. */
export const TIME_IS_OVER: unique symbol = Symbol('time is over')

/** Never keeps the process alive by itself once the promise has settled. */
export async function within<T>(ms: number, promise: Promise<T>): Promise<T | typeof TIME_IS_OVER> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<typeof TIME_IS_OVER>((resolve) => {
    timer = setTimeout(() => resolve(TIME_IS_OVER), Math.max(0, ms))
  })
  try {
    return await Promise.race([promise, over])
  } finally {
    clearTimeout(timer)
  }
}

/** The time a command may take in all, and what of it is left. */
export class Deadline {
  readonly #startedAt: number
  readonly #length: number

  constructor(lengthMs: number) {
    this.#startedAt = performance.now()
    this.#length = lengthMs
  }

  get elapsed(): number {
    return Math.round(performance.now() - this.#startedAt)
  }

  get left(): number {
    return Math.max(0, this.#length - (performance.now() - this.#startedAt))
  }
}
