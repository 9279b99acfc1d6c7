/**
 * [H-8] Once the faults are over, all servers hold the same. Who owns a name that was claimed in parts of the network that did not hear each
 * other is the exception, and that alone.
 */

import { isCrdtRecord, type WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts } from '../check.ts'
import { heldName, inOrder, isFrozen, isLent, named } from '../records.ts'
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

/**
 * Whoever gave the name to an early claim takes each later one beside it, and of every claimant that two servers know both have what he said
 * last. Only an earlier claim than the one that holds the name may be missing.
 */
function nameDifferenceOf(a: DatabaseHost, b: DatabaseHost): string | undefined {
  for (const key of new Set([...namesOf(a), ...namesOf(b)])) {
    const difference = claimDifferenceOf(a, b, key) ?? claimDifferenceOf(b, a, key)
    if (difference !== undefined) return difference
  }
  return undefined
}

/** What `a` should have of the claims that `b` holds. */
function claimDifferenceOf(a: DatabaseHost, b: DatabaseHost, key: string): string | undefined {
  const name = heldName(a, key)
  const owner = name[0]?.first
  for (const { first, last } of heldName(b, key)) {
    const inA = name.find((claim) => claim.first.a === first.a)
    const mayLack = owner !== undefined && inOrder(first, owner) < 0
    if (inA === undefined ? mayLack : inA.last.h === last.h) continue
    return `${b.name} holds ${named(last)}, and ${a.name} of its author ${named(inA?.last)}`
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
