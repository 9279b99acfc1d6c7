/**
 * [H-8] Once the faults are over, all servers hold the same, and [H-9] whoever subscribed to a key has what they hold. Names that were
 * claimed in parts of the network that did not hear each other are the exception.
 */

import { compareStamps, type WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { Call, Check, CheckParts } from '../check.ts'
import { heldChanges, heldRecord, isFrozen, isLent, named } from '../records.ts'
import { writtenIn } from '../watch.ts'

export class ReplicasEqual implements Check {
  readonly #parts: CheckParts
  /** By the running program of each host. BOUNDED: by the keys of a history. */
  readonly #subscribed = new Map<DatabaseHost, Set<string>>()

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleInvoked({ host, does }: Call): void {
    if (does.kind !== 'subscribe') return
    const keys = this.#subscribed.get(host) ?? new Set()
    this.#subscribed.set(host, keys.add(does.key))
  }

  handleStopped(host: DatabaseHost): void {
    this.#subscribed.delete(host)
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    const [first, ...others] = hosts.filter(({ isServer }) => isServer)
    if (first === undefined) return
    for (const other of others) {
      const difference = differenceOf(first, other)
      if (difference !== undefined) this.#parts.breach('replicas-equal', difference)
    }
    for (const host of hosts) {
      if (host.isServer) continue
      for (const key of this.#subscribed.get(host) ?? []) this.#knowsNewest(host, key, first)
    }
  }

  /** It may have newer ones, that it has told nobody yet. */
  #knowsNewest(host: DatabaseHost, key: string, server: DatabaseHost): void {
    const [held, newest] = [heldRecord(host, key), heldRecord(server, key)]
    const isBehind = newest !== undefined && (held === undefined || compareStamps(held, newest) < 0)
    if (newest?.c === null && isBehind) {
      const sentence = `${host.name} subscribed to ${key}, where ${named(newest)} stands, and has ${named(held)}`
      this.#parts.breach('newest-told', sentence)
    }
    const changes = heldChanges(host, key)
    for (const text of heldChanges(server, key).keys()) {
      if (!changes.has(text)) this.#parts.breach('newest-told', `${host.name} subscribed to ${key}, and lacks ${text}`)
    }
  }
}

/** `undefined` where there is none. */
export function differenceOf(a: DatabaseHost, b: DatabaseHost): string | undefined {
  const [ofA, ofB] = [recordsOf(a), recordsOf(b)]
  for (const row of new Set([...ofA.keys(), ...ofB.keys()])) {
    const [inA, inB] = [ofA.get(row), ofB.get(row)]
    if (inA?.h !== inB?.h) return `${a.name} holds ${named(inA)}, and ${b.name} ${named(inB)}`
  }
  return undefined
}

/** By row, sets of changes each in its own. What lies under a document's key is only the latest of them to come. */
function recordsOf({ disk }: DatabaseHost): ReadonlyMap<string, WireRecord> {
  const rows = new Map<string, WireRecord>()
  for (const [key, { value }] of disk.entries()) {
    for (const { row, record } of writtenIn([{ key, value }])) {
      const isDocument = record.c !== null && record.c !== 'DEL' && !row.startsWith('\u0000')
      if (!isDocument && !isLent(record) && !isFrozen(record)) rows.set(row, record)
    }
  }
  return rows
}
