/** What a terminal can show: colours where they are wanted, and one line that moves while something is going on. */

import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan'

/** The little of a tty.WriteStream that we use, so that tests can bring their own. */
export interface Stream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export interface TerminalEnvironment {
  readonly NO_COLOR?: string | undefined
  readonly TERM?: string | undefined
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 100
/** Of a pipe, or a terminal that does not say. */
const WIDTH = 100
/** Back to the first column, and away with what is there. */
const CLEAR_LINE = '\r\u001B[2K'

/** Colours only on a terminal that can show them, and never against NO_COLOR (no-color.org: set and not empty). */
export function wantsColour(stream: Stream, environment: TerminalEnvironment): boolean {
  return stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb'
}

/** A text in lines of at most `width`, all but the first behind `indent` blanks. */
export function hanging(text: string, { width, indent }: { readonly width: number; readonly indent: number }): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}

/** Control characters, and those that turn the direction of what follows. */
const CONTROLS = /[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu
/** Behind an escape: a colour, as `paint` gives it. */
const COLOUR = /^\[[0-9;]*m/

/**
 * What strangers stored is shown too, and must not move the cursor, rename the window or fill the clipboard: all but line breaks,
 * tabs and colours is shown as an escape.
 */
export function harmless(text: string): string {
  return text.replace(CONTROLS, (control, at: number) => {
    if (control === '\n' || control === '\t') return control
    if (control === '\u001B' && COLOUR.test(text.slice(at + 1, at + 20))) return control
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

export class Terminal {
  readonly #stream: Stream
  readonly #colour: boolean
  readonly #moves: boolean
  #progress: { text: string; timer: NodeJS.Timeout } | undefined
  #frame = 0

  constructor(stream: Stream, environment: TerminalEnvironment) {
    this.#stream = stream
    this.#colour = wantsColour(stream, environment)
    this.#moves = stream.isTTY === true && environment.TERM !== 'dumb'
  }

  get width(): number {
    return this.#stream.columns ?? WIDTH
  }

  get isTTY(): boolean {
    return this.#stream.isTTY === true
  }

  paint(style: Style, text: string): string {
    // Whether to colour was decided above, for this very stream; styleText must not decide again for stdout.
    return this.#colour ? styleText(style, text, { validateStream: false }) : text
  }

  line(text: string): void {
    if (this.#progress) this.#stream.write(CLEAR_LINE)
    this.#stream.write(`${this.isTTY ? harmless(text) : text}\n`)
    this.#draw()
  }

  /** Shows what is going on until the next call; without a text the line is gone. Nothing where nobody watches. */
  progress(text?: string): void {
    if (!this.#moves) return
    if (text === undefined) {
      if (!this.#progress) return
      clearInterval(this.#progress.timer)
      this.#progress = undefined
      this.#stream.write(CLEAR_LINE)
      return
    }
    if (this.#progress) this.#progress.text = text
    else {
      const timer = setInterval(() => this.#draw(), FRAME_MS)
      timer.unref()
      this.#progress = { text, timer }
    }
    this.#draw()
  }

  #draw(): void {
    if (!this.#progress) return
    const frame = FRAMES[this.#frame++ % FRAMES.length] as string
    this.#stream.write(`${CLEAR_LINE}${this.paint('cyan', frame)} ${harmless(this.#progress.text)}`)
  }
}
