/**
 * [H-7] A name belongs to the earliest claim that a server has acknowledged, from then on. What servers know that were parted for longer
 * than a claim is fresh may differ, and each keeps to what it has said.
 */

import type { WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { StopKind } from '../../database/database-world.ts'
import type { Check, CheckParts, Completed, Said, Written } from '../check.ts'
import { Heard } from '../heard.ts'
import { heldName, inOrder, isFrozen, named, storeOf } from '../records.ts'

export class FrozenNames implements Check {
  readonly #parts: CheckParts
  readonly #heard = new Heard()
  /** By store, the earliest acknowledged of each name. BOUNDED: by the names of a history. */
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

  handleCompleted({ host, result }: Completed): void {
    if (result.kind === 'put' && host.isServer) this.#promise(host, result.message.data)
  }

  handleWritten(host: DatabaseHost, written: readonly Written[]): void {
    const promised = this.#promised.get(storeOf(host))
    for (const { row } of written) {
      const record = promised?.get(row)
      if (record !== undefined) this.#keeps(host, record)
    }
  }

  handleStopped(host: DatabaseHost, how: StopKind): void {
    const promised = this.#promised.get(storeOf(host))
    const isExcused = how === 'power' && host.disk.durability === 'memory'
    for (const [key, record] of promised ?? []) {
      if (isExcused && !isKept(host, record)) promised?.delete(key)
      else this.#keeps(host, record)
    }
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    for (const host of hosts) {
      for (const record of this.#promised.get(storeOf(host))?.values() ?? []) this.#keeps(host, record)
    }
  }

  #promise(host: DatabaseHost, record: WireRecord): void {
    if (!host.isServer || !isFrozen(record)) return
    const store = storeOf(host)
    const promised = this.#promised.get(store) ?? new Map<string, WireRecord>()
    this.#promised.set(store, promised)
    const before = promised.get(record.k)
    if (before === undefined || inOrder(record, before) < 0) promised.set(record.k, record)
    this.#keeps(host, record)
  }

  #keeps(host: DatabaseHost, record: WireRecord): void {
    if (isKept(host, record)) return
    const owner = heldName(host, record.k)[0]
    const sentence = `${host.name} has acknowledged ${named(record)}, and has given the name to ${named(owner?.first)}`
    this.#parts.breach('frozen-names', sentence)
  }
}

function isKept(host: DatabaseHost, record: WireRecord): boolean {
  const owner = heldName(host, record.k)[0]
  return owner !== undefined && inOrder(owner.first, record) <= 0
}
