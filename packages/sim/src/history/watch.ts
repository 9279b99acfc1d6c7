/** Reads what goes in and out of the nodes once, for all checks. */

import { type NodeEvent, parseRecord, type RowWrite, type WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'
import type { DatabaseObserver, StopKind } from '../database/database-world.ts'
import type { Check, Said, Written } from './check.ts'
import type { Registry } from './registry.ts'

/** How the messages begin that are about records. */
const ABOUT_RECORDS = [
  '{"type":"syncRecords"',
  '{"type":"put"',
  '{"type":"crdtPut"',
  '{"type":"crdtSets"',
  '{"type":"ack"',
]

const SAID_MAX = 1_024

export class Watch implements DatabaseObserver {
  readonly #checks: readonly Check[]
  readonly #registry: Registry
  /** What was said is heard a moment later, by one or by many. BOUNDED: SAID_MAX, then all out. */
  readonly #said = new Map<string, Said | undefined>()

  constructor(checks: readonly Check[], registry: Registry) {
    this.#checks = checks
    this.#registry = registry
  }

  handleSent(host: DatabaseHost, channel: number, text: string): void {
    const said = this.#read(text)
    if (said !== undefined) for (const check of this.#checks) check.handleSaid?.(host, channel, said)
  }

  handleReceived(host: DatabaseHost, channel: number, text: string): void {
    const heard = this.#read(text)
    if (heard !== undefined) for (const check of this.#checks) check.handleHeard?.(host, channel, heard)
  }

  handleCommitting(host: DatabaseHost, writes: readonly RowWrite[]): void {
    const records = writtenIn(writes).map(({ record }) => record)
    this.#registry.note(host, records)
  }

  handleCommitted(host: DatabaseHost, writes: readonly RowWrite[]): void {
    const written = writtenIn(writes)
    for (const check of this.#checks) check.handleWritten?.(host, written)
  }

  handleEvent(host: DatabaseHost, event: NodeEvent): void {
    for (const check of this.#checks) check.handleEvent?.(host, event)
  }

  handleStopped(host: DatabaseHost, how: StopKind): void {
    for (const check of this.#checks) check.handleStopped?.(host, how)
  }

  #read(text: string): Said | undefined {
    const held = this.#said.get(text)
    if (held !== undefined || this.#said.has(text)) return held
    if (this.#said.size >= SAID_MAX) this.#said.clear()
    const said = saidIn(text)
    this.#said.set(text, said)
    return said
  }
}

export function writtenIn(writes: Iterable<RowWrite>): readonly Written[] {
  const written: Written[] = []
  for (const { key: row, value } of writes) {
    if (value?.startsWith('{"k":') !== true) continue
    const record = recordIn(JSON.parse(value))
    if (record !== undefined) written.push({ row, record })
  }
  return written
}

function saidIn(text: string): Said | undefined {
  if (!ABOUT_RECORDS.some((beginning) => text.startsWith(beginning))) return undefined
  const message = parsedJson(text)
  if (message === undefined) return undefined
  const { type, id, code, data, sets, records } = message
  if (typeof id !== 'string') return undefined
  if (type === 'ack') return { type: 'ack', id, code: String(code) }
  const list = [sets, records].find(Array.isArray) ?? [data]
  return { type: 'record', id, records: list.map(recordIn).filter((record) => record !== undefined) }
}

function recordIn(input: unknown): WireRecord | undefined {
  const parsed = parseRecord(input)
  return parsed.ok ? parsed.record : undefined
}

/** Hostile peers say anything. */
function parsedJson(text: string): { readonly [field: string]: unknown } | undefined {
  try {
    return JSON.parse(text) as { readonly [field: string]: unknown }
  } catch {
    return undefined
  }
}
