/** How a command ends. The numbers are part of the command's interface: scripts branch on them. */

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command that can't go on: one sentence that says what to do next, and the exit code that goes with it. */
export class CommandError extends Error {
  readonly exitCode: ExitCode

  constructor(sentence: string, options: { readonly exitCode?: ExitCode; readonly cause?: unknown } = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CommandError'
    this.exitCode = options.exitCode ?? EXIT.failed
  }
}

/** The command line itself was wrong: nothing was tried. */
export function usageMistake(sentence: string, cause?: unknown): CommandError {
  return new CommandError(sentence, { exitCode: EXIT.usage, cause })
}
