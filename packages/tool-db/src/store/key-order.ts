/**
 * The one order of keys: by code point. LevelDB and most engines order UTF-8 bytes, which comes to the same; JavaScript's
 * `<` compares UTF-16 units, where the surrogates of U+10000 and above sort before U+E000.
 */

import { UsageError } from '@shoal/base'
import type { KeyRange, ScanOptions, Write } from './store.ts'

/** Rows of our own begin so; no key on the wire does. */
export const OWN_ROW_PREFIX = '\u0000'

const FIRST_WIRE_KEY = '\u0001'
const LAST_CODE_POINT = 0x10ffff
const SURROGATES_FROM = 0xd800
const SURROGATES_TO = 0xe000

/** Negative, zero or positive, in code-point order. Both texts are well-formed. */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA !== unitB) return rank(unitA) - rank(unitB)
  }
  return a.length - b.length
}

/** Surrogates move behind the rest of the basic plane, as the code points they stand for do. */
function rank(unit: number): number {
  if (unit < SURROGATES_FROM) return unit
  return unit < SURROGATES_TO ? unit + 0x2000 : unit - 0x800
}

/** The keys that begin with `prefix`. An empty one means every key of the wire: rows of our own stay out of it. */
export function prefixRange(prefix: string): KeyRange {
  const to = successor(prefix)
  return { from: prefix === '' ? FIRST_WIRE_KEY : prefix, ...(to === undefined ? {} : { to }) }
}

/** The least text behind everything that begins with `prefix`, or `undefined` where there is none. */
function successor(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) as number)
  while (points.at(-1) === LAST_CODE_POINT) points.pop()
  const last = points.pop()
  if (last === undefined) return undefined
  const next = last + 1 === SURROGATES_FROM ? SURROGATES_TO : last + 1
  return String.fromCodePoint(...points, next)
}

export function isInRange(range: KeyRange, key: string): boolean {
  return compareKeys(key, range.from) >= 0 && (range.to === undefined || compareKeys(key, range.to) < 0)
}

/** False for lone surrogates, which UTF-8 can't hold: an engine would store another text than it was given. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed()
}

/** What every store refuses before it touches anything. */
export function checkBatch(batch: readonly Write[]): void {
  for (const write of batch) {
    if (write.key === '' || !isWellFormed(write.key)) {
      throw new UsageError(`a key must be well-formed text and not empty: ${JSON.stringify(write.key.slice(0, 100))}`)
    }
    if (write.kind === 'set' && !isWellFormed(write.value)) {
      throw new UsageError(`the value of ${JSON.stringify(write.key.slice(0, 100))} has a lone surrogate: escape it`)
    }
  }
}

export function checkScan(range: KeyRange, options: ScanOptions): void {
  if (!Number.isSafeInteger(options.limit) || options.limit < 1) {
    throw new UsageError(`the limit of a scan must be a whole number of 1 or more: ${options.limit}`)
  }
  for (const bound of [range.from, range.to ?? '', options.after ?? '']) {
    if (!isWellFormed(bound)) throw new UsageError('the bounds of a scan must be well-formed text')
  }
}
