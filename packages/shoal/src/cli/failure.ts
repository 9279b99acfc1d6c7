/** From whatever was thrown to the one sentence a person reads and the exit code a script sees. */

import { ShoalError } from '@shoal/base'
import type { CommanderError } from 'commander'
import { CommandError, EXIT, type ExitCode } from './exit.ts'

/** A command line that can't be parsed, and the command that it was for. */
export class CommandLineError extends Error {
  readonly parserError: CommanderError
  readonly command: string

  constructor(parserError: CommanderError, command: string) {
    super(parserError.message, { cause: parserError })
    this.parserError = parserError
    this.command = command
  }
}

export interface Failure {
  readonly sentence: string
  readonly exitCode: ExitCode
}

export function describeFailure(error: unknown): Failure {
  const { sentence, exitCode } = failureOf(error)
  return { sentence: withoutSecrets(sentence), exitCode }
}

function failureOf(error: unknown): Failure {
  if (error instanceof CommandError) return { sentence: error.message, exitCode: error.exitCode }
  if (error instanceof CommandLineError) return { sentence: parserSentence(error), exitCode: EXIT.usage }
  if (error instanceof ShoalError) {
    const flag = error.code.startsWith('SHOAL_STORE_') ? ' (--store)' : ''
    const exitCode = error.code === 'SHOAL_USAGE' ? EXIT.usage : EXIT.failed
    return { sentence: `${oneSentence(error.message)}${flag}`, exitCode }
  }
  const system = systemSentence(error)
  if (system !== undefined) return { sentence: system, exitCode: EXIT.failed }
  const text = error instanceof Error ? error.message : String(error)
  return {
    sentence: `something went wrong that shoal did not foresee (${oneSentence(text)}): run it again with --log-level debug to see where, and please report it`,
    exitCode: EXIT.failed,
  }
}

/** Everything that led to an error, for --log-level debug. */
export function describeCauses(error: unknown): string {
  const lines: string[] = []
  for (let at: unknown = error, depth = 0; at !== undefined && depth < 8; depth++) {
    lines.push(at instanceof Error ? (at.stack ?? at.message) : String(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return withoutSecrets(lines.join('\ncaused by: '))
}

/** A private topic, or an invite, that was typed where something else belongs is repeated to no terminal and no log. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/(shoal\s*:\s*(?:private|invite)\s*:\s*)[A-Za-z0-9_-]{22,}/gi, '$1…')
}

/** The parser says `error: …` and puts its suggestion on a second line; we say one sentence. */
function parserSentence({ parserError, command }: CommandLineError): string {
  const { code, message } = parserError
  if (code === 'commander.help') return `${command} is not a whole command: see ${command} --help for what there is`
  const [first = '', suggestion] = message.split('\n')
  const what = first
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('. ', ', ')
  const close = suggestion === undefined ? undefined : /\(Did you mean (.*)\?\)/.exec(suggestion)?.[1]
  if (close !== undefined) return `${what}: did you mean ${close.replace(/^one of /, '')}?`
  return `${what}: see ${command} --help for what there is`
}

/** What the operating system said, where it can only be a matter of the machine and not of our code. */
function systemSentence(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined
  const port = 'port' in error && typeof error.port === 'number' ? error.port : undefined
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port ?? ''} is taken: choose another with --port or --dht-port, or 0 for any free one`.replace(
        '  ',
        ' ',
      )
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address to bind: give one of its own with --bind, or leave it out for all'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return path === undefined
        ? 'the operating system refused (a port below 1024 needs more rights): choose another port or run it with the rights it needs'
        : `${path} can't be written to: choose another place, or give yourself the right to write there`
    case 'ENOSPC':
      return 'the disk is full: make room and start again'
    case 'EMFILE':
    case 'ENFILE':
      return 'too many open files: raise the limit (ulimit -n) and start again'
    default:
      return undefined
  }
}

function oneSentence(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
