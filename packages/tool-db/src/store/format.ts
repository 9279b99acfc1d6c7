/**
 * The format mark: a row of our own that says which layout a store has. A directory without one is new, or tool-db's, whose
 * layout is our first.
 */

import { OWN_ROW_PREFIX } from './key-order.ts'
import { StoreError } from './store-error.ts'

export const FORMAT_KEY: string = `${OWN_ROW_PREFIX}format`

/** There after the engine has put its tables together anew, until whatever is derived from the records was derived again. */
export const REPAIRED_KEY: string = `${OWN_ROW_PREFIX}repaired`

/** 1: a record under its key, as tool-db's JSON; rows of our own behind U+0000. */
export const STORE_FORMAT = 1

export function formatMark(): string {
  return JSON.stringify({ format: STORE_FORMAT })
}

/** Throws where this program must not touch the store. `place` names it for people. */
export function checkFormat(mark: string, place: string): void {
  const format = formatOf(mark)
  if (format === undefined) {
    throw new StoreError(
      'SHOAL_STORE_DAMAGED',
      `the format mark of the store in ${place} is unreadable: restore it from a backup, or choose another directory`,
    )
  }
  if (format > STORE_FORMAT) {
    throw new StoreError(
      'SHOAL_STORE_NEWER_FORMAT',
      `the store in ${place} was written by a newer shoal (format ${format}, this one knows ${STORE_FORMAT}): upgrade shoal, or choose another directory`,
    )
  }
}

function formatOf(mark: string): number | undefined {
  try {
    const format = (JSON.parse(mark) as { format?: unknown } | null)?.format
    return typeof format === 'number' && Number.isSafeInteger(format) && format >= 1 ? format : undefined
  } catch {
    return undefined
  }
}
