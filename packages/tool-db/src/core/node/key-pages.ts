/** Keys by prefix, a page at a time, as readers see them: those that are deleted are left out. */

import type { EffectResult, EffectTable } from './effects.ts'
import type { Kernel } from './kernel.ts'
import { DELETED_PREFIX } from './rows.ts'

export interface PageAsk {
  readonly prefix: string
  readonly after: string | undefined
  readonly limit: number
}

type Page = EffectResult<EffectTable['scan']['result']>

/** A page of deleted keys alone is passed over; so many in a row are one question's share. */
const EMPTY_PAGES_MAX = 64

export function scanKeys(kernel: Kernel, ask: PageAsk, then: (page: Page) => void): void {
  scan(kernel, ask, EMPTY_PAGES_MAX, then)
}

function scan(kernel: Kernel, ask: PageAsk, pagesLeft: number, then: (page: Page) => void): void {
  const { prefix, after, limit } = ask
  kernel.ask('scan', ask, (keys) => {
    if (!keys.ok || keys.value.keys.length === 0) {
      then(keys)
      return
    }
    // As many as there can be among so many keys.
    const behind = after === undefined ? undefined : DELETED_PREFIX + after
    kernel.ask('scan', { prefix: DELETED_PREFIX + prefix, after: behind, limit }, (deleted) => {
      if (!deleted.ok) {
        then(deleted)
        return
      }
      const { more } = keys.value
      const seen = without(keys.value.keys, deleted.value.keys)
      if (seen.length > 0 || !more) {
        then({ ok: true, value: { keys: seen, more } })
        return
      }
      if (pagesLeft > 0) {
        scan(kernel, { ...ask, after: keys.value.keys.at(-1) }, pagesLeft - 1, then)
        return
      }
      kernel.counters.add('queries.cut')
      then({ ok: true, value: { keys: [], more: false } })
    })
  })
}

function without(keys: readonly string[], deletedRows: readonly string[]): readonly string[] {
  if (deletedRows.length === 0) return keys
  const gone = new Set(deletedRows.map((row) => row.slice(DELETED_PREFIX.length)))
  return keys.filter((key) => !gone.has(key))
}
