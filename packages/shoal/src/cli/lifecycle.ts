/**
 * The life of one command: it runs until it is through or until somebody stops it, what it opened is closed in reverse
 * order, and the process ends in time whatever hangs.
 */

import { EXIT, type ExitCode } from './exit.ts'
import { describeCauses, describeFailure } from './failure.ts'
import type { OutputFlags } from './options.ts'
import type { Output } from './output.ts'

/** From the signal to the end of the process. The interface promises 4 s; the rest is for the operating system. */
const CLOSE_WITHIN_MS = 3_500
/** After a command is through, nothing should keep the process alive; if something does, this ends it. */
const LINGER_MS = 500

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const
type StopSignal = (typeof STOP_SIGNALS)[number]

/** The part of `process` that a command's life touches, so that tests can bring their own. */
export interface ProcessLike {
  exitCode?: number | string | null | undefined
  on(signal: StopSignal, listener: () => void): unknown
  off(signal: StopSignal, listener: () => void): unknown
  exit(code?: number): void
}

/** What a command's body is handed. */
export interface CommandContext {
  readonly output: Output
  /** Aborts when the person or the system asks the command to stop. */
  readonly signal: AbortSignal
  /** Registers what must be closed at the end, whatever happens; closed in reverse order. */
  onClose(close: () => Promise<void> | void): void
  /** Resolves when the command is asked to stop. */
  untilStopped(): Promise<void>
}

export type CommandBody = (context: CommandContext) => Promise<ExitCode | undefined>

/** How a command is run once its flags are parsed. */
export type Run = (flags: OutputFlags, body: CommandBody) => Promise<void>

export async function runCommand(output: Output, process: ProcessLike, body: CommandBody): Promise<void> {
  const controller = new AbortController()
  /** BOUNDED: by the few things that one command opens. */
  const closers: (() => Promise<void> | void)[] = []
  let stopped = false
  let closing = false
  const stop = (): void => {
    // A second signal is a person who will not wait.
    if (stopped) {
      process.exit(EXIT.ok)
      return
    }
    stopped = true
    setTimeout(() => process.exit(EXIT.ok), CLOSE_WITHIN_MS).unref()
    output.progress()
    controller.abort()
  }
  for (const name of STOP_SIGNALS) process.on(name, stop)
  const context: CommandContext = {
    output,
    signal: controller.signal,
    onClose: (close) => {
      // A body that was stopped in the middle may still open things.
      if (closing) void Promise.resolve(close()).catch(() => {})
      else closers.push(close)
    },
    untilStopped: () => untilAborted(controller.signal),
  }
  let exitCode: ExitCode = EXIT.ok
  try {
    exitCode = (await raceStop(body(context), controller.signal)) ?? EXIT.ok
  } catch (error) {
    if (!stopped) {
      exitCode = report(output, error)
      output.hush()
    } else output.debug(describeCauses(error))
  }
  output.progress()
  closing = true
  exitCode = await closeAll(output, closers, exitCode)
  for (const name of STOP_SIGNALS) process.off(name, stop)
  const code = stopped ? EXIT.ok : exitCode
  process.exitCode = code
  setTimeout(() => process.exit(code), LINGER_MS).unref()
}

/** A body may be in the middle of a wait that knows nothing of the signal: its result no longer matters then. */
async function raceStop<T>(running: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const stopped = untilAborted(signal).then(() => undefined)
  // Once stopped, what the body still throws is of no interest to anybody.
  running.catch(() => {})
  return await Promise.race([running, stopped])
}

async function closeAll(
  output: Output,
  closers: readonly (() => Promise<void> | void)[],
  exitCode: ExitCode,
): Promise<ExitCode> {
  let code = exitCode
  for (const close of [...closers].reverse()) {
    try {
      await close()
    } catch (error) {
      const failed = report(output, error)
      if (code === EXIT.ok) code = failed
    }
  }
  return code
}

export function report(output: Output, error: unknown): ExitCode {
  const { sentence, exitCode } = describeFailure(error)
  output.progress()
  output.error(sentence)
  output.debug(describeCauses(error))
  return exitCode
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
