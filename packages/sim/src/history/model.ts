/**
 * What a document is, said as plainly as can be: the changes in their order, applied one after the other. Nothing here is shared with the
 * documents of the database, which do the same in pieces and quickly.
 */

import { createHash } from 'node:crypto'
import type { DocumentKind } from './plan.ts'

interface Change {
  readonly t: string
  readonly a?: string
  readonly i: string | number
  readonly k?: string
  readonly v?: unknown
  readonly p?: string
  readonly n?: string
}

/** `texts`: the JSON of each change, in any order and however often. */
export function modelValue(kind: DocumentKind, texts: Iterable<string>): unknown {
  const changes = standing(kind, texts)
  switch (kind) {
    case 'COUNTER':
      return changes.reduce((sum, { t, v }) => sum + (t === 'ADD' ? (v as number) : -(v as number)), 0)
    case 'MAP':
      return mapOf(changes)
    case 'LIST':
      return listOf(changes)
  }
}

/** Of two changes with one identity the one with the greater hash. */
function standing(kind: DocumentKind, texts: Iterable<string>): Change[] {
  const byIdentity = new Map<string, string>()
  for (const text of texts) {
    const change = JSON.parse(text) as Change
    const identity = JSON.stringify(
      kind === 'MAP' ? [change.t, change.i, change.a, change.k] : [change.t, change.i, change.a],
    )
    const held = byIdentity.get(identity)
    if (held === undefined || hashOf(text) > hashOf(held)) byIdentity.set(identity, text)
  }
  return [...byIdentity.values()].map((text) => JSON.parse(text) as Change)
}

/** At each key the greatest index; of one index the deletion, then the greater author. */
function mapOf(changes: readonly Change[]): Record<string, unknown> {
  const rank = ({ t, a, i }: Change): string => `${String(i).padStart(16, '0')} ${t === 'DEL' ? 1 : 0} ${a}`
  const greatest = new Map<string, Change>()
  for (const change of changes) {
    const held = greatest.get(change.k as string)
    if (held === undefined || rank(change) > rank(held)) greatest.set(change.k as string, change)
  }
  const live = [...greatest].filter(([, { t }]) => t === 'SET').map(([key, { v }]) => [key, v] as const)
  return Object.fromEntries(live)
}

/** In the order of the indexes: behind the neighbour that is named, else before it; a neighbour that is not there yet is at -1. */
function listOf(changes: readonly Change[]): unknown[] {
  const items: Change[] = []
  const inOrder = changes.filter(({ t }) => t === 'INS').sort((a, b) => (a.i < b.i ? -1 : 1))
  const place = (index: string): number => items.findIndex(({ i }) => i === index)
  for (const change of inOrder) {
    if (change.p) items.splice(place(change.p) + 1, 0, change)
    else if (change.n) items.splice(place(change.n), 0, change)
    else items.unshift(change)
  }
  const deleted = new Set(changes.filter(({ t }) => t === 'DEL').map(({ v }) => v))
  return items.filter(({ i }) => !deleted.has(i)).map(({ v }) => v)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
