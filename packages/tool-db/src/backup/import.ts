/**
 * Takes an export in, line by line: each record is verified as if a stranger had sent it, and counted by what became of it. What
 * is held already is skipped without checking it again, so an import that broke off is simply started again.
 */

import { createHash, type Hash } from 'node:crypto'
import { ShoalError } from '@shoal/base'
import { parseRecord } from '../core/records/parse-record.ts'
import type { WireRecord } from '../core/records/record.ts'
import { EXPORT_VERSION } from './export.ts'

/** What became of one record. */
export type Imported =
  | { readonly kind: 'stored' }
  | { readonly kind: 'held' }
  | { readonly kind: 'refused'; readonly code: string }

export interface ImportOutcome {
  /** Lines that were to be records. */
  readonly records: number
  readonly stored: number
  /** Held already, or older than what is held. */
  readonly held: number
  /** By code. */
  readonly refused: Readonly<Record<string, number>>
  /** Lines that are not even JSON. */
  readonly damaged: number
  /** The foot is there, and count and hash are what it says. */
  readonly complete: boolean
  /** The public id of the topic that the export is of. */
  readonly topic: string | null
}

/** The file is none that can be imported: nothing was. */
export class ImportError extends ShoalError {
  constructor(message: string) {
    super('SHOAL_NOT_AN_EXPORT', message)
  }
}

/** On their way into the store at a time. */
const FLYING_MAX = 128
/** Longer than any record that a node takes. */
const LINE_BYTES_MAX = 16 * 1_048_576
const LINE_FEED = 10

/** Rejects with `ImportError` where the head is not that of an export, and with what `admit` rejects with. */
export async function importRecords(
  chunks: AsyncIterable<Uint8Array | string>,
  admit: (record: WireRecord) => Promise<Imported>,
): Promise<ImportOutcome> {
  const reading = new Reading(admit)
  for await (const line of linesOf(chunks)) await reading.line(line)
  return reading.end()
}

class Reading {
  readonly #admit: (record: WireRecord) => Promise<Imported>
  readonly #hash: Hash = createHash('sha256')
  readonly #refused = new Map<string, number>()
  /** BOUNDED: FLYING_MAX. */
  readonly #flying = new Set<Promise<void>>()
  #topic: string | null | undefined
  #counts = { records: 0, stored: 0, held: 0, damaged: 0 }
  #state: 'open' | 'complete' | 'wrong' = 'open'
  #failure: { readonly error: unknown } | undefined

  constructor(admit: (record: WireRecord) => Promise<Imported>) {
    this.#admit = admit
  }

  /** Waits where enough is on its way. */
  async line(line: Line): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#topic === undefined) {
      this.#topic = topicOfHead(line)
    } else {
      const value = line.bytes === undefined ? undefined : parsed(line.bytes)
      const foot = footOf(value)
      if (foot !== undefined) {
        const isRight = foot.records === this.#counts.records && foot.sha256 === this.#hash.copy().digest('hex')
        this.#state = isRight && this.#state === 'open' ? 'complete' : 'wrong'
        return
      }
      // Behind the foot there is nothing.
      if (this.#state === 'complete') this.#state = 'wrong'
      this.#counts.records++
      const record = parseRecord(value)
      if (record.ok) await this.#take(record.record)
      else if (typeof value === 'object' && value !== null) this.#count({ kind: 'refused', code: record.code })
      else this.#counts.damaged++
    }
    if (line.bytes !== undefined) this.#hash.update(line.bytes).update('\n')
  }

  async end(): Promise<ImportOutcome> {
    await Promise.all(this.#flying)
    if (this.#failure !== undefined) throw this.#failure.error
    if (this.#topic === undefined) throw new ImportError('the export is empty: choose another file')
    const refused = Object.fromEntries([...this.#refused].sort(([a], [b]) => (a < b ? -1 : 1)))
    return { ...this.#counts, refused, complete: this.#state === 'complete', topic: this.#topic }
  }

  async #take(record: WireRecord): Promise<void> {
    const done = this.#admit(record).then(
      (imported) => this.#count(imported),
      (error: unknown) => {
        this.#failure ??= { error }
      },
    )
    const flying = done.then(() => {
      this.#flying.delete(flying)
    })
    this.#flying.add(flying)
    if (this.#flying.size >= FLYING_MAX) await Promise.race(this.#flying)
  }

  #count(imported: Imported): void {
    if (imported.kind === 'refused') {
      this.#refused.set(imported.code, (this.#refused.get(imported.code) ?? 0) + 1)
    } else this.#counts[imported.kind]++
  }
}

function topicOfHead(line: Line): string | null {
  const head = line.bytes === undefined ? undefined : parsed(line.bytes)
  const { shoal, version, topic } = (head ?? {}) as { shoal?: unknown; version?: unknown; topic?: unknown }
  if (shoal !== 'export' || typeof version !== 'number') {
    throw new ImportError(
      'that is no export of shoal: give a file that shoal export has written, or the directory of a store',
    )
  }
  if (version > EXPORT_VERSION) {
    throw new ImportError(
      `the export was written by a newer shoal (version ${version}, this one knows ${EXPORT_VERSION}): upgrade shoal`,
    )
  }
  return typeof topic === 'string' ? topic : null
}

function footOf(value: unknown): { records: unknown; sha256: unknown } | undefined {
  const end = (value as { end?: unknown } | null | undefined)?.end
  return typeof end === 'object' && end !== null ? (end as { records: unknown; sha256: unknown }) : undefined
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown
  } catch {
    return undefined
  }
}

/** Without its end; `bytes` is missing where it is longer than any record. */
interface Line {
  readonly bytes: Uint8Array | undefined
}

/** What stands behind the last line feed is a line that was cut. */
async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line> {
  let parts: Uint8Array[] = []
  let length = 0
  const taken = (): Line => {
    const line = length > LINE_BYTES_MAX ? { bytes: undefined } : { bytes: Buffer.concat(parts) }
    parts = []
    length = 0
    return line
  }
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    let from = 0
    for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, from)) {
      parts.push(bytes.subarray(from, at))
      length += at - from
      yield taken()
      from = at + 1
    }
    length += bytes.length - from
    if (length <= LINE_BYTES_MAX) parts.push(bytes.subarray(from))
    else parts = []
  }
  if (length > 0) yield taken()
}
