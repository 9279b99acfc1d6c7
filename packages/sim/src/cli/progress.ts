/** One line on a terminal that says what is going on; silent where nobody watches. */

export class Progress {
  readonly #isShown: boolean
  #last = ''

  constructor(isShown: boolean) {
    this.#isShown = isShown
  }

  show(stage: string, share: number): void {
    const line = `${stage}: ${Math.floor(share * 100)}%`
    if (!this.#isShown || line === this.#last) return
    this.#last = line
    process.stderr.write(`\r\u001b[K${line}`)
  }

  end(): void {
    if (this.#isShown) process.stderr.write('\r\u001b[K')
  }
}
