/**
 * Removes records that have ended. Each has a row that says when, in the order of time, so what is due is found without a
 * search, also after a restart; a few are removed at a time, each in the lane of its key.
 */

import { MINUTE, type Millis } from '@shoal/base'
import { expiryOf } from '../records/nonce.ts'
import type { WireRecord } from '../records/record.ts'
import type { Admission } from './admission.ts'
import { NO_VERSION } from './effects.ts'
import type { Kernel, Timer } from './kernel.ts'
import { buriedRowKey, EXPIRY_PREFIX, expiryRowKey, parsedExpiryRowKey, recordOfRow, rowsUnearthed } from './rows.ts'
import type { ItemIndex } from './sync/item-index.ts'

const REMOVED_AT_ONCE = 64
const RETRY_AFTER: Millis = MINUTE

export class Expiries {
  readonly #kernel: Kernel
  readonly #admission: Admission
  readonly #items: ItemIndex
  #timer: Timer | undefined
  #nextAt: Millis = Number.POSITIVE_INFINITY
  #isSweeping = false

  constructor(parts: { readonly kernel: Kernel; readonly admission: Admission; readonly items: ItemIndex }) {
    this.#kernel = parts.kernel
    this.#items = parts.items
    this.#admission = parts.admission
  }

  /** What ended while nobody was running. */
  start(): void {
    this.#sweep()
  }

  /** A record was stored. */
  note(record: WireRecord): void {
    const expiry = expiryOf(record.n)
    if (expiry !== undefined && expiry < this.#nextAt) this.#arm(expiry)
  }

  #arm(at: Millis): void {
    this.#kernel.cancel(this.#timer)
    this.#nextAt = at
    this.#timer = this.#kernel.after(Math.max(0, at - this.#kernel.now), () => {
      this.#nextAt = Number.POSITIVE_INFINITY
      this.#timer = undefined
      this.#sweep()
    })
  }

  #sweep(): void {
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#kernel.ask('scan', { prefix: EXPIRY_PREFIX, after: undefined, limit: REMOVED_AT_ONCE }, (result) => {
      if (!result.ok) return this.#end(this.#kernel.now + RETRY_AFTER)
      const damaged = result.value.keys.filter((rowKey) => parsedExpiryRowKey(rowKey) === undefined)
      if (damaged.length > 0) return this.#removeDamaged(damaged)
      const rows = result.value.keys.map(parsedExpiryRowKey).filter((row) => row !== undefined)
      const due = rows.filter(({ expiry }) => expiry <= this.#kernel.now)
      const next = rows[due.length]?.expiry
      let left = due.length
      if (left === 0) return this.#end(next)
      let hasFailed = false
      for (const { key, expiry } of due) {
        this.#remove(key, expiry, (isRemoved) => {
          hasFailed ||= !isRemoved
          if (--left > 0) return
          // Nothing gained by trying again at once what the store could not do.
          this.#end(hasFailed ? this.#kernel.now + RETRY_AFTER : this.#kernel.now)
        })
      }
    })
  }

  /** They say nothing of any record, and would stand in front of the others for ever. */
  #removeDamaged(rowKeys: readonly string[]): void {
    const writes = rowKeys.map((key) => ({ key }))
    this.#kernel.ask('commit', { writes, expect: new Map() }, ({ ok }) => {
      this.#end(ok ? this.#kernel.now : this.#kernel.now + RETRY_AFTER)
    })
  }

  #end(next: Millis | undefined): void {
    this.#isSweeping = false
    if (next !== undefined && next < this.#nextAt) this.#arm(next)
  }

  #remove(key: string, expiry: Millis, then: (isRemoved: boolean) => void): void {
    this.#admission.alone(key, (leave) => {
      const end = (isRemoved: boolean): void => {
        leave()
        then(isRemoved)
      }
      this.#kernel.ask('load', { keys: [key, buriedRowKey(key)] }, (loaded) => {
        if (!loaded.ok) return end(false)
        const [row, buriedRow] = loaded.value
        const held = recordOfRow(key, row)
        const buried = recordOfRow(key, buriedRow)
        // What was written meanwhile stays: only the row about the end of the former is left to remove.
        const hasEnded = held !== undefined && expiryOf(held.n) === expiry
        const change = this.#items.changeOf(
          key,
          hasEnded ? [held] : [],
          hasEnded && buried !== undefined ? [buried] : [],
        )
        const left = hasEnded ? rowsUnearthed(key, buried) : []
        const writes = [{ key: expiryRowKey(key, expiry) }, ...left, ...change.writes]
        const expect = new Map(hasEnded ? [[key, row?.version ?? NO_VERSION]] : [])
        this.#kernel.ask('commit', { writes, expect }, (result) => {
          if (result.ok && result.value && hasEnded) {
            change.apply()
            this.#kernel.counters.add('records.removed-expired')
          }
          end(result.ok)
        })
      })
    })
  }
}
