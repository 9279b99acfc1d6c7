/** Where the demo plays: its processes, the clock over it, and the lines that the audience sees. */

import { CommandError } from '../exit.ts'
import type { CommandContext } from '../lifecycle.ts'
import { hanging } from '../terminal.ts'
import { Deadline } from '../waiting.ts'
import { Child, type ChildEvent } from './child.ts'

/** Far longer than any step takes; a demo that hangs helps nobody. */
const STEP_WITHIN_MS = 15_000
const TITLE_WIDTH = 19
/** Behind the mark, the time and the title. */
const SENTENCE_COLUMN = 2 + 7 + 2 + TITLE_WIDTH

export class Stage {
  readonly #context: CommandContext
  readonly #directory: string
  /** BOUNDED: by the story. */
  readonly #children: Child[] = []
  readonly #clock = new Deadline(0)

  constructor(context: CommandContext, directory: string) {
    this.#context = context
    this.#directory = directory
    context.onClose(() => this.end())
  }

  get elapsed(): number {
    return this.#clock.elapsed
  }

  start(name: string, args: readonly string[]): Child {
    // Stopped in the middle of the story: no new process may come to be.
    if (this.#context.signal.aborted) throw new CommandError('the demo was stopped')
    const child = new Child(name, args, this.#directory)
    this.#children.push(child)
    return child
  }

  /** What is going on, until it is shown. */
  next(doing: string): void {
    this.#context.output.progress(doing)
  }

  show(name: string, sentence: string): void {
    const { output } = this.#context
    const ms = this.elapsed
    output.progress()
    const time = output.paint('dim', `${(ms / 1_000).toFixed(2).padStart(5)} s`)
    const title = output.paint('bold', name.padEnd(TITLE_WIDTH))
    const told = hanging(sentence, { width: output.width, indent: SENTENCE_COLUMN })
    output.event('step', { name, ms }, `${output.paint('green', '✓')} ${time}  ${title}${told}`)
  }

  until(child: Child, name: string, matches: (event: ChildEvent) => boolean = () => true): Promise<ChildEvent> {
    return child.until(name, matches, STEP_WITHIN_MS)
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end()))
  }
}
