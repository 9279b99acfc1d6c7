/** What an application wants of a put, and what came of it. */

import type { Millis } from '@shoal/base'
import type { CommandResult } from './core/node/commands.ts'
import type { PutMessage } from './core/wire/message.ts'
import { PutRefusedError } from './errors.ts'

export interface PutOptions {
  /** Resolves when so many servers have confirmed, rejects with NotConfirmedError when they have not in time. */
  readonly confirm?: number
  readonly timeoutMs?: Millis
  /** The record ends so much later, in ms, on every node: it is signed with it. Plain tool-db peers keep it. */
  readonly ttl?: Millis
}

export interface PutOutcome<T = unknown> {
  readonly message: PutMessage<T>
  /** Servers that it was sent to, and those that said they have stored it. */
  readonly sent: number
  readonly confirmed: number
  /** Servers that refused it for good; the event `refused` says why. */
  readonly refused: number
  /** No server has taken it or refused it for good yet: it is sent to those that connect. */
  readonly isWaiting: boolean
}

export const CONFIRM_TIMEOUT_MS = 10_000

export interface PutWish<T, C extends number | 'all'> {
  readonly value: T
  readonly confirm: C
  readonly timeout: Millis
  readonly to: readonly string[]
  readonly ttl: Millis | undefined
  readonly isDeletion: boolean
}

export const NO_OPTIONS: PutOptions = {}
export const NOBODY: readonly string[] = []

export function wishOf<T>(value: T, options: PutOptions, to: readonly string[]): PutWish<T, number> {
  const { confirm = 0, timeoutMs: timeout = CONFIRM_TIMEOUT_MS, ttl } = options
  return { value, confirm, timeout, to, ttl, isDeletion: false }
}

/** Throws PutRefusedError where nothing was stored. */
export function putOutcome(result: CommandResult, key: string): PutOutcome {
  if (result.kind === 'put') {
    const { message, sent, confirmed, refused, isWaiting } = result
    return { message: message as PutMessage, sent, confirmed, refused, isWaiting }
  }
  const refused = result.kind === 'refused' ? result : { code: 'TOO_BUSY' as const, error: undefined }
  throw new PutRefusedError(refused.code, key, { cause: refused.error })
}
