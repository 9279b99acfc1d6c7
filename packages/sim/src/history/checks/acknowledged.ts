/**
 * [H-1], [H-2], [H-3] What a server has acknowledged is on its disk when it says so, and from then on, or what came behind it: whatever
 * crashes, and for deletions as for values. Excepted is what its disk can't know: another disk in its place, and without `sync` the last
 * moments before the power went.
 */

import type { WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { StopKind } from '../../database/database-world.ts'
import type { Check, CheckParts, Completed, Said, Written } from '../check.ts'
import { Heard } from '../heard.ts'
import { heldRecord, holds, inOrder, isDeletion, isOrdinary, named, storeOf } from '../records.ts'

export class Acknowledged implements Check {
  readonly #parts: CheckParts
  readonly #heard = new Heard()
  /** By store, the greatest of each key. BOUNDED: by the keys of a history. */
  readonly #promised = new Map<string, Map<string, WireRecord>>()

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleHeard(host: DatabaseHost, channel: number, heard: Said): void {
    this.#heard.note(host, channel, heard)
  }

  handleSaid(host: DatabaseHost, channel: number, said: Said): void {
    for (const record of this.#heard.acknowledged(host, channel, said)) this.#promise(host, record)
  }

  /** A put that resolves is stored where it was made. */
  handleCompleted({ host, result }: Completed): void {
    if (result.kind === 'put') this.#promise(host, result.message.data)
  }

  handleWritten(host: DatabaseHost, written: readonly Written[]): void {
    const promised = this.#promised.get(storeOf(host))
    for (const { row, record } of written) {
      const before = promised?.get(row)
      if (before !== undefined) this.#keeps(host, before)
      // A deletion that lies there stays, whether somebody was told of it or not.
      if (isDeletion(record)) this.#promise(host, record)
    }
  }

  handleStopped(host: DatabaseHost, how: StopKind): void {
    const promised = this.#promised.get(storeOf(host))
    if (promised === undefined) return
    const isExcused = how === 'power' && host.disk.durability === 'memory'
    for (const [key, record] of promised) {
      if (isExcused && !holds(host, record)) promised.delete(key)
      else this.#keeps(host, record)
    }
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    for (const host of hosts) {
      for (const record of this.#promised.get(storeOf(host))?.values() ?? []) this.#keeps(host, record)
    }
  }

  #promise(host: DatabaseHost, record: WireRecord): void {
    if (!isOrdinary(record)) return
    if (!holds(host, record)) {
      const held = named(heldRecord(host, record.k))
      this.#parts.breach('ack-means-stored', `${host.name} acknowledges ${named(record)} and has ${held} on its disk`)
    }
    const store = storeOf(host)
    const promised = this.#promised.get(store) ?? new Map<string, WireRecord>()
    this.#promised.set(store, promised)
    const before = promised.get(record.k)
    if (before === undefined || inOrder(record, before) > 0) promised.set(record.k, record)
  }

  #keeps(host: DatabaseHost, record: WireRecord): void {
    if (holds(host, record)) return
    const check = isDeletion(record) ? 'deletes-stay' : 'acked-writes'
    const held = named(heldRecord(host, record.k))
    this.#parts.breach(check, `${host.name} has acknowledged ${named(record)}, and now holds ${held}`)
  }
}
