/**
 * [H-8] Once the faults are over, all servers hold the same. Names that were claimed in parts of the network that did not hear each
 * other are the exception.
 */

import type { WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts } from '../check.ts'
import { isFrozen, isLent, named } from '../records.ts'
import { writtenIn } from '../watch.ts'

export class ReplicasEqual implements Check {
  readonly #parts: CheckParts

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    const [first, ...others] = hosts.filter(({ isServer }) => isServer)
    if (first === undefined) return
    for (const other of others) {
      const difference = differenceOf(first, other)
      if (difference !== undefined) this.#parts.breach('replicas-equal', difference)
    }
  }
}

/** `undefined` where there is none. */
function differenceOf(a: DatabaseHost, b: DatabaseHost): string | undefined {
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
