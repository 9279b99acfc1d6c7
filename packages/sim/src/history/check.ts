/**
 * A check knows one promise of the database, watches a history for it from the outside, and breaks the history off where it is not kept.
 * What it is told of has happened; times are the world's.
 */

import type { Millis } from '@shoal/base'
import type { CommandResult, NodeEvent, WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'
import type { StopKind } from '../database/database-world.ts'
import type { Operation } from './plan.ts'
import type { Registry } from './registry.ts'

/** An operation of an application, from its call to its answer. */
export interface Call {
  readonly step: number
  readonly host: DatabaseHost
  /** Reads of one session never go back. */
  readonly session: string
  readonly does: Operation
  readonly invokedAt: Millis
}

export interface Completed extends Call {
  readonly completedAt: Millis
  readonly result: CommandResult
}

/** The messages about records, of all that goes over the wire. */
export type Said =
  | { readonly type: 'record'; readonly id: string; readonly records: readonly WireRecord[] }
  | { readonly type: 'ack'; readonly id: string; readonly code: string }

/** A record that a row holds now. */
export interface Written {
  readonly row: string
  readonly record: WireRecord
}

export interface Check {
  handleInvoked?(call: Call): void
  handleCompleted?(call: Completed): void
  handleSaid?(host: DatabaseHost, channel: number, said: Said): void
  handleHeard?(host: DatabaseHost, channel: number, heard: Said): void
  handleWritten?(host: DatabaseHost, written: readonly Written[]): void
  handleEvent?(host: DatabaseHost, event: NodeEvent): void
  handleStopped?(host: DatabaseHost, how: StopKind): void
  /** The faults are over, everybody is back, and had time to settle. */
  handleSettled?(hosts: readonly DatabaseHost[]): void
}

export interface CheckParts {
  readonly registry: Registry
  /** How many servers say what they like. */
  readonly hostile: number
  breach(check: CheckName, sentence: string): never
}

export type CheckFactory = (parts: CheckParts) => Check

/** The rules of spec/history.md. */
export const CHECK_NAMES = [
  'acked-writes',
  'ack-means-stored',
  'deletes-stay',
  'reads-forward',
  'documents',
  'genuine-records',
  'frozen-names',
  'confirmations',
  'replicas-equal',
  'newest-told',
  'connected',
  'ended-unseen',
] as const

export type CheckName = (typeof CHECK_NAMES)[number]

export class HistoryFailure extends Error {
  readonly check: CheckName
  /** The world's time. */
  readonly at: Millis

  constructor(init: { readonly check: CheckName; readonly sentence: string; readonly at: Millis }) {
    super(`${init.check}: ${init.sentence}`)
    this.name = 'HistoryFailure'
    this.check = init.check
    this.at = init.at
  }
}
