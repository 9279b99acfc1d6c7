/** One lane per key: what enters a lane runs when all that entered before it has left, so a read, compare and write is one step. */

export type LaneJob = (leave: () => void) => void

export class Lanes {
  readonly #runningMax: number
  /** BOUNDED: by those who enter, each within its own limit on what may wait. */
  readonly #lanes = new Map<string, LaneJob[]>()
  /** Keys that may start once another lane ends. BOUNDED: by the lanes. */
  readonly #ready: string[] = []
  #running = 0
  #isStarting = false

  constructor(runningMax: number) {
    this.#runningMax = runningMax
  }

  get size(): number {
    return this.#lanes.size
  }

  /**
   * The job that runs waits for somebody else's code: its key stays taken, its place among those that run is free until
   * `stepIn`. Else whoever can make that code wait could stop all others.
   */
  stepOut(): void {
    this.#running--
    this.#startReady()
  }

  stepIn(): void {
    this.#running++
  }

  enter(key: string, job: LaneJob): void {
    const waiting = this.#lanes.get(key)
    if (waiting !== undefined) {
      waiting.push(job)
      return
    }
    this.#lanes.set(key, [job])
    this.#ready.push(key)
    this.#startReady()
  }

  #startReady(): void {
    // A job that leaves at once comes back here: the outermost loop goes on, or a long queue would fill the stack.
    if (this.#isStarting) return
    this.#isStarting = true
    while (this.#running < this.#runningMax) {
      const key = this.#ready.shift()
      if (key === undefined) break
      this.#running++
      this.#runFirst(key)
    }
    this.#isStarting = false
  }

  #runFirst(key: string): void {
    const jobs = this.#lanes.get(key)
    const job = jobs?.[0]
    if (jobs === undefined || job === undefined) return
    let hasLeft = false
    job(() => {
      if (hasLeft) return
      hasLeft = true
      jobs.shift()
      this.#running--
      // The next of this key goes to the back of the queue: a busy key must not starve the others.
      if (jobs.length > 0) this.#ready.push(key)
      else this.#lanes.delete(key)
      this.#startReady()
    })
  }
}
