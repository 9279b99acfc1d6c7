/**
 * Changes of the three kinds of tool-db, as they stand on the wire. What does not have this shape counts for nothing,
 * wherever it comes from: a change is looked at once, and its fields are used by nobody before that.
 */

import { isFields } from '@shoal/peer'

export type MapOperations = 'SET' | 'DEL'

// The unused type parameters are tool-db's: its programs may name them.
export interface ChangeMapBase<_T = unknown> {
  t: MapOperations
  /** Key within the map. */
  k: string
  /** Author. */
  a: string
  /** How many changes its author knew of at this key, and one. */
  i: number
}

export interface SetMapChange<T> extends ChangeMapBase<T> {
  t: 'SET'
  v: T
}

export interface DelMapChange<T = unknown> extends ChangeMapBase<T> {
  t: 'DEL'
}

export type MapChanges<T> = SetMapChange<T> | DelMapChange<T>

export type ListOperations = 'INS' | 'DEL'

export interface ChangeListBase<_T = unknown> {
  t: ListOperations
  /** Author, a hyphen, and the number of the change among its author's, eight digits at least. */
  i: string
}

export interface InsListChange<T> extends ChangeListBase<T> {
  t: 'INS'
  v: T
  /** The items before and behind, where there were any. */
  p?: string | undefined
  n?: string | undefined
}

export interface DelListChange<T = unknown> extends ChangeListBase<T> {
  t: 'DEL'
  /** The item to take away. */
  v: string
}

export type ListChanges<T> = InsListChange<T> | DelListChange<T>

export type CounterOperations = 'ADD' | 'SUB'

export interface ChangeCounterBase {
  t: CounterOperations
  v: number
  a: string
  /** The number of the change among its author's. */
  i: number
}

export interface AddCounterChange extends ChangeCounterBase {
  t: 'ADD'
}

export interface SubCounterChange extends ChangeCounterBase {
  t: 'SUB'
}

export type CounterChanges = AddCounterChange | SubCounterChange

const NUMBERED = /-\d{8,15}$/

export function isMapChange(input: unknown): input is MapChanges<unknown> {
  if (!isFields(input)) return false
  const { t, k, a, i } = input
  return (t === 'SET' || t === 'DEL') && typeof k === 'string' && typeof a === 'string' && isIndex(i)
}

export function isListChange(input: unknown): input is ListChanges<unknown> {
  if (!isFields(input)) return false
  const { t, i, p, n, v } = input
  if (typeof i !== 'string' || !NUMBERED.test(i)) return false
  if (t === 'DEL') return typeof v === 'string'
  return t === 'INS' && isTextOrAbsent(p) && isTextOrAbsent(n)
}

export function isCounterChange(input: unknown): input is CounterChanges {
  if (!isFields(input)) return false
  const { t, v, a, i } = input
  return (t === 'ADD' || t === 'SUB') && Number.isFinite(v) && typeof a === 'string' && isIndex(i)
}

/** The author that a list's index names; addresses may hold hyphens themselves. */
export function authorOfIndex(index: string): string {
  return index.slice(0, index.lastIndexOf('-'))
}

export function numberOfIndex(index: string): number {
  return Number(index.slice(index.lastIndexOf('-') + 1))
}

// The orders below are tool-db's, so that both programs see one value in one set of changes; only where tool-db leaves
// two changes to the order of their arrival do we go on comparing.

export function compareMapChanges(a: MapChanges<unknown>, b: MapChanges<unknown>): number {
  return a.i - b.i || compareTexts(b.t, a.t) || compareTexts(a.a, b.a)
}

export function compareListChanges(a: ListChanges<unknown>, b: ListChanges<unknown>): number {
  return compareTexts(a.i, b.i)
}

export function compareCounterChanges(a: CounterChanges, b: CounterChanges): number {
  return a.i - b.i
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}
