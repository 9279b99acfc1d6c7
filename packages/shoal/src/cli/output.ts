/**
 * Everything a command says. Results go to stdout: as text for people, or, with --json, as one JSON object a line and
 * nothing else. Warnings and errors are single sentences on stderr in both cases.
 */

import { type Stream, type Style, Terminal, type TerminalEnvironment } from './terminal.ts'

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text)
}

export const LOG_LEVEL_NAMES: string = LOG_LEVELS.join(', ')

export interface OutputInit {
  readonly json: boolean
  readonly level: LogLevel
  readonly stdout: Stream
  readonly stderr: Stream
  readonly environment: TerminalEnvironment
}

export type Fields = Readonly<Record<string, unknown>>

export class Output {
  readonly json: boolean
  readonly #level: LogLevel
  readonly #stdout: Stream
  readonly #out: Terminal
  readonly #err: Terminal
  #shown: string | undefined
  #isHushed = false

  constructor(init: OutputInit) {
    this.json = init.json
    this.#level = init.level
    this.#stdout = init.stdout
    this.#out = new Terminal(init.stdout, init.environment)
    this.#err = new Terminal(init.stderr, init.environment)
  }

  /** One thing that happened: `fields` for programs, `line` for people (left out where they need not know). */
  event(name: string, fields: Fields, line?: string): void {
    if (this.json) this.#stdout.write(`${JSON.stringify({ event: name, ...fields })}\n`)
    else if (line !== undefined) this.line(line)
  }

  /** For people alone. */
  line(text: string): void {
    if (this.json) return
    // The moving line is on stderr, which is most often the same terminal.
    this.#withoutProgress(() => this.#out.line(text))
  }

  /** How many characters a line for people holds. */
  get width(): number {
    return this.#out.width
  }

  paint(style: Style, text: string): string {
    return this.#out.paint(style, text)
  }

  /** A detail that a person may want and a pipe does not: only where stderr is a terminal, or when asked for. */
  note(text: string): void {
    if (this.json || this.#level === 'silent') return
    if (this.#err.isTTY || this.#logs('info')) this.#err.line(this.#err.paint('dim', text))
  }

  /** The command has failed, and said why: what else goes wrong while it is closed is for those who look closer. */
  hush(): void {
    this.#isHushed = true
  }

  warn(sentence: string): void {
    if (this.#isHushed) this.debug(sentence)
    else if (this.#logs('warn')) this.#err.line(`${this.#err.paint('yellow', 'shoal: warning:')} ${sentence}`)
  }

  error(sentence: string): void {
    if (this.#logs('error')) this.#err.line(`${this.#err.paint('red', 'shoal:')} ${sentence}`)
  }

  debug(text: string): void {
    if (this.#logs('debug')) this.#err.line(this.#err.paint('dim', text))
  }

  progress(text?: string): void {
    this.#shown = text
    if (!this.json && this.#level !== 'silent') this.#err.progress(text)
  }

  #withoutProgress(write: () => void): void {
    const text = this.#shown
    if (text !== undefined) this.#err.progress()
    write()
    if (text !== undefined) this.#err.progress(text)
  }

  #logs(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.#level)
  }
}
