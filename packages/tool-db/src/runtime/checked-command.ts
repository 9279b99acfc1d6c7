/**
 * What the application asks for, checked before anybody is asked: a message that servers count as malformed would cost this
 * peer its connections, and a time that is no number would never come.
 */

import { type Millis, UsageError } from '@shoal/base'
import type { Command } from '../core/node/commands.ts'
import { DEFAULT_LIMITS, mayBeSent, type NodeLimits } from '../core/node/limits.ts'
import { keyProblem, namespaceOf } from '../core/records/key.ts'
import { CLIENT_ID_LENGTH_MAX, FUNCTION_NAME_LENGTH_MAX, TO_LENGTH_MAX } from '../core/wire/fields.ts'

/** Throws UsageError. */
export function checkedCommand(command: Command): Command {
  switch (command.kind) {
    case 'put':
      checkConfirm(command.confirm)
      checkTtl(command.ttl, command.key)
      break
    case 'get':
      checkKey(command.key, 'whole')
      break
    case 'crdt-put':
      checkConfirm(command.confirm)
      break
    case 'crdt-get':
      checkKey(command.key, 'whole')
      break
    case 'query':
    case 'sync-prefix':
      checkKey(command.prefix, 'anywhere')
      break
    case 'subscribe':
      checkKey(command.key, 'anywhere')
      break
    case 'function':
      checkFunctionName(command.name)
      break
    case 'connect':
    case 'import':
      break
  }
  if ('timeout' in command) checkTimeout(command.timeout)
  if ('to' in command) checkReceivers(command.to)
  return command
}

export function checkFunction(value: unknown, what: string): void {
  if (typeof value !== 'function') throw new UsageError(`${what} is a function`)
}

export function checkText(value: unknown, what: string): void {
  if (typeof value !== 'string') throw new UsageError(`${what} must be a text`)
}

export function checkFunctionName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && name.length <= FUNCTION_NAME_LENGTH_MAX) return
  throw new UsageError(`a server function has a name of 1 to ${FUNCTION_NAME_LENGTH_MAX} characters`)
}

/** The node would send no such message, and the call would wait for answers that can't come. */
export function checkArguments(text: string, given: Partial<NodeLimits>): void {
  const limits = { ...DEFAULT_LIMITS, ...given }
  if (mayBeSent(text, limits)) return
  throw new UsageError(
    `the arguments are larger than a message may be (${limits.messageSizeMax} bytes): pass less, or put them under a key and pass that`,
  )
}

function checkKey(key: unknown, mayEnd: 'anywhere' | 'whole'): void {
  checkText(key, 'the key')
  // A prefix of two characters or none may stop short of what its namespace asks for.
  const isShort = mayEnd === 'anywhere' && (key === '' || key === ':' || key === '==')
  const problem = isShort ? undefined : keyProblem(key as string)
  if (problem !== undefined) throw new UsageError(`the key ${problem}`)
}

function checkConfirm(confirm: unknown): void {
  if (confirm === 'all' || (typeof confirm === 'number' && Number.isInteger(confirm) && confirm >= 0)) return
  throw new UsageError(`confirm is how many servers are to confirm, 0 or more: ${String(confirm)}`)
}

/** 31 years: behind that, times have 14 digits before long. */
const TTL_MAX: Millis = 1_000_000_000_000

function checkTtl(ttl: unknown, key: string): void {
  if (ttl === undefined) return
  const isTime = typeof ttl === 'number' && Number.isInteger(ttl) && ttl > 0 && ttl <= TTL_MAX
  if (!isTime) throw new UsageError(`ttl is a whole number of milliseconds, 1 to ${TTL_MAX}: ${String(ttl)}`)
  if (namespaceOf(key).kind === 'frozen')
    throw new UsageError('a frozen name has no ttl: it would fall to others at its end')
}

function checkTimeout(timeout: unknown): void {
  if (typeof timeout === 'number' && timeout >= 0) return
  throw new UsageError(`a time-out is a number of milliseconds, 0 or more: ${String(timeout)}`)
}

function checkReceivers(to: unknown): void {
  if (to === undefined) return
  const isList = Array.isArray(to) && to.length < TO_LENGTH_MAX
  if (isList && to.every((id) => typeof id === 'string' && id.length <= CLIENT_ID_LENGTH_MAX)) return
  throw new UsageError(`"to" is a list of less than ${TO_LENGTH_MAX} client ids`)
}
