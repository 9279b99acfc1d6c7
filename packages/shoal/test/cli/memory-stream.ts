/** A stream that keeps what was written, as a terminal or as a pipe. */

import type { Stream } from '../../src/cli/terminal.ts'

export class MemoryStream implements Stream {
  readonly isTTY: boolean
  text = ''

  constructor(isTTY = false) {
    this.isTTY = isTTY
  }

  write(text: string): boolean {
    this.text += text
    return true
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '')
  }
}
