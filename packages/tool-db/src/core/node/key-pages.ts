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

/** A page of deleted keys alone is passed over; so many in a row are the share of a question of others. */
export const EMPTY_PAGES_MAX = 64

/** What a key costs beside its length, in UTF-16 units that are read. */
export const KEY_COST = 100

/** `cost`: of all keys that were looked at, those that were passed over too. */
type Then = (page: Page, cost: number) => void

/** Beyond `emptyPagesMax` there is no key in the answer, and more to come. */
export function scanKeys(kernel: Kernel, ask: PageAsk & { readonly emptyPagesMax: number }, then: Then): void {
  const { emptyPagesMax, ...page } = ask
  scan(kernel, page, { pagesLeft: emptyPagesMax, cost: 0 }, then)
}

function scan(
  kernel: Kernel,
  ask: PageAsk,
  soFar: { readonly pagesLeft: number; readonly cost: number },
  then: Then,
): void {
  const { prefix, after, limit } = ask
  kernel.ask('scan', ask, (keys) => {
    const cost = soFar.cost + (keys.ok ? costOf(keys.value.keys) : 0)
    if (!keys.ok || keys.value.keys.length === 0) {
      then(keys, cost)
      return
    }
    // As many as there can be among so many keys.
    const behind = after === undefined ? undefined : DELETED_PREFIX + after
    kernel.ask('scan', { prefix: DELETED_PREFIX + prefix, after: behind, limit }, (deleted) => {
      if (!deleted.ok) {
        then(deleted, cost)
        return
      }
      const whole = cost + costOf(deleted.value.keys)
      const { more } = keys.value
      const seen = without(keys.value.keys, deleted.value.keys)
      if (seen.length > 0 || !more) {
        then({ ok: true, value: { keys: seen, more } }, whole)
        return
      }
      const { pagesLeft } = soFar
      if (pagesLeft > 0) {
        scan(kernel, { ...ask, after: keys.value.keys.at(-1) }, { pagesLeft: pagesLeft - 1, cost: whole }, then)
        return
      }
      kernel.counters.add('queries.cut')
      then({ ok: true, value: { keys: [], more: true } }, whole)
    })
  })
}

function costOf(keys: readonly string[]): number {
  let cost = 0
  for (const key of keys) cost += KEY_COST + key.length
  return cost
}

function without(keys: readonly string[], deletedRows: readonly string[]): readonly string[] {
  if (deletedRows.length === 0) return keys
  const gone = new Set(deletedRows.map((row) => row.slice(DELETED_PREFIX.length)))
  return keys.filter((key) => !gone.has(key))
}
