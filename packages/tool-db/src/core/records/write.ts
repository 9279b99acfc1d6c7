/** Writing: a bound record is drafted, worked for, and gets its signature last, over the hash as text. */

import { type Hash, type Millis, UsageError } from '@shoal/base'
import { hashPrefix } from './hash.ts'
import { bindingOf } from './nonce.ts'
import { isShallow, VALUE_DEPTH_MAX } from './parse-record.ts'
import type { WireRecord } from './record.ts'
import { WorkSearch } from './work.ts'

/** The type of a deletion: a bound record whose value is null, so that plain peers store, relay and read it as null. */
export const DELETED = 'DEL'

export type UnsignedRecord = Omit<WireRecord, 's'>

export interface DraftInit {
  /** The key on the wire. */
  readonly key: string
  readonly address: string
  readonly time: Millis
  readonly value: WrittenValue
  /** CRDT type, null for an ordinary value. */
  readonly type: string | null
  readonly topicPublicId: string
  readonly pow: number | null
  /** When the record ends. */
  readonly expiry?: Millis | undefined
}

/** A value as the readers of its record will see it, and the JSON text that is hashed. */
export interface WrittenValue {
  readonly text: string
  readonly value: unknown
}

/**
 * Takes the value as it is now, through its JSON: later changes by the caller do not reach the record, and the writer
 * sees what readers see (a Date becomes a text). Throws UsageError for what JSON cannot hold.
 */
export function writtenValue(value: unknown): WrittenValue {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new UsageError('the value cannot be written as JSON (a cycle, a bigint, or nested too deeply)', { cause })
  }
  if (text === undefined) return { text: 'undefined', value: undefined }
  const read: unknown = JSON.parse(text)
  if (!isShallow(read, VALUE_DEPTH_MAX)) {
    throw new UsageError(`the value is nested more than ${VALUE_DEPTH_MAX} levels deep`)
  }
  return { text, value: read }
}

/** A draft whose proof of work is still being searched. */
export class RecordDraft {
  readonly #init: DraftInit
  readonly #search: WorkSearch

  constructor(init: DraftInit, sha256: Hash) {
    this.#init = init
    const { topicPublicId, key, type, value, address, time, pow, expiry } = init
    const binding = bindingOf({ topicPublicId, key, type }, sha256)
    this.#search = new WorkSearch({ prefix: hashPrefix(value.text, address, time), pow, binding, expiry, sha256 })
  }

  /** At most `attempts` hashes; `undefined` where more are needed. Without proof of work the first one does. */
  step(attempts: number): UnsignedRecord | undefined {
    const found = this.#search.step(attempts)
    if (found === undefined) return undefined
    const { key, address, time, value, type } = this.#init
    return { k: key, a: address, n: found.nonce, t: time, h: found.hash, v: value.value, c: type }
  }
}

/** The record with its signature, the fields in the order in which tool-db writes them. */
export function signedRecord(unsigned: UnsignedRecord, signature: string): WireRecord {
  const { k, a, n, t, h, v, c } = unsigned
  return { k, a, n, t, h, s: signature, v, c }
}
