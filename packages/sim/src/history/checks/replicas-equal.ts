/**
 * [H-8] Once the faults are over, all servers hold the same. Names that were claimed in parts of the network that did not hear each
 * other are the exception.
 */

import { isCrdtRecord, type WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts } from '../check.ts'
import { heldName, heldRecord, isFrozen, isLent, named } from '../records.ts'
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
      const difference = differenceOf(first, other) ?? nameDifferenceOf(first, other)
      if (difference !== undefined) this.#parts.breach('replicas-equal', difference)
    }
  }
}

export function areEqual(hosts: readonly DatabaseHost[]): boolean {
  const [first, ...others] = hosts.filter(({ isServer }) => isServer)
  return (
    first === undefined ||
    others.every((other) => (differenceOf(first, other) ?? nameDifferenceOf(first, other)) === undefined)
  )
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

/** Of names that one person alone has claimed. */
function nameDifferenceOf(a: DatabaseHost, b: DatabaseHost): string | undefined {
  for (const key of new Set([...namesOf(a), ...namesOf(b)])) {
    const claims = [...heldName(a, key), ...heldName(b, key)]
    if (new Set(claims.map(({ first }) => first.a)).size > 1) continue
    const [inA, inB] = [heldRecord(a, key), heldRecord(b, key)]
    if (inA?.h !== inB?.h) return `${a.name} holds ${named(inA)}, and ${b.name} ${named(inB)}`
  }
  return undefined
}

function namesOf({ disk }: DatabaseHost): readonly string[] {
  return [...disk.entries()].map(([key]) => key).filter((key) => isFrozen({ k: key }))
}

/**
 * By row, sets of changes each in its own. What lies under a document's key is only the latest of them to come, and of a name that
 * several have claimed each server may have given it to another.
 */
function recordsOf(host: DatabaseHost): ReadonlyMap<string, WireRecord> {
  const rows = new Map<string, WireRecord>()
  for (const [key, { value }] of host.disk.entries()) {
    for (const { row, record } of writtenIn([{ key, value }])) {
      const isLatestOnly = isCrdtRecord(record) && !row.startsWith('\u0000')
      if (!isLatestOnly && !isLent(record) && !isFrozen(record)) rows.set(row, record)
    }
  }
  return rows
}
