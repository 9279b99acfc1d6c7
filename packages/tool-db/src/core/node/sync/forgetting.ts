/**
 * Deletions are records like any other, and would be kept for ever. Once they are older than the horizon they are removed, a few
 * at a time. What stays is one instant: deletions up to then may have been forgotten here. A record that is no younger, under a
 * key that nothing is held of, may be what one of them deleted: it is not taken any more, whoever brings it.
 */

import { HOUR, type Millis } from '@shoal/base'
import { namespaceOf } from '../../records/key.ts'
import { DELETED } from '../../records/write.ts'
import type { Admission } from '../admission.ts'
import { NO_VERSION } from '../effects.ts'
import type { Kernel } from '../kernel.ts'
import { DELETED_PREFIX, recordOfRow } from '../rows.ts'
import type { ItemIndex } from './item-index.ts'
import { FORGOTTEN_MARK } from './item-rows.ts'

const KEYS_PER_PAGE = 64
const SWEEP_EVERY: Millis = 6 * HOUR

export interface ForgettingParts {
  readonly kernel: Kernel
  readonly admission: Admission
  readonly items: ItemIndex
  readonly horizon: Millis
}

export class Forgetting {
  readonly #parts: ForgettingParts

  constructor(parts: ForgettingParts) {
    this.#parts = parts
  }

  /** Once, when the store is open. */
  start(): void {
    this.#sweepLater(HOUR)
  }

  #sweepLater(delay: Millis): void {
    this.#parts.kernel.after(delay, () => this.#page(undefined))
  }

  #page(after: string | undefined): void {
    const { kernel } = this.#parts
    kernel.ask('scan', { prefix: DELETED_PREFIX, after, limit: KEYS_PER_PAGE }, (result) => {
      if (!result.ok) return this.#sweepLater(SWEEP_EVERY)
      const { keys, more } = result.value
      const last = keys.at(-1)
      this.#forgetAll(keys, () => {
        if (!more || last === undefined) return this.#sweepLater(SWEEP_EVERY)
        kernel.ask('pause', {}, () => this.#page(last))
      })
    })
  }

  #forgetAll([rowKey, ...others]: readonly string[], then: () => void): void {
    if (rowKey === undefined) {
      then()
      return
    }
    this.#forget(rowKey.slice(DELETED_PREFIX.length), () => this.#forgetAll(others, then))
  }

  #forget(key: string, then: () => void): void {
    const { kernel, admission, items, horizon } = this.#parts
    admission.alone(key, (leave) => {
      const end = (): void => {
        leave()
        then()
      }
      kernel.ask('load', { keys: [key] }, (loaded) => {
        const row = loaded.ok ? loaded.value[0] : undefined
        const held = recordOfRow(key, row)
        const isOld = held?.c === DELETED && held.t < kernel.now - horizon
        // A name stays its owner's, also without a value.
        if (held === undefined || !isOld || namespaceOf(key).kind === 'frozen') return end()
        const change = items.changeOf(key, [held], [])
        const until = Math.max(items.forgottenUntil, held.t)
        const writes = [
          { key },
          { key: DELETED_PREFIX + key },
          { key: FORGOTTEN_MARK, value: String(until) },
          ...change.writes,
        ]
        kernel.ask('commit', { writes, expect: new Map([[key, row?.version ?? NO_VERSION]]) }, (written) => {
          if (written.ok && written.value) {
            change.apply()
            items.forgottenUntil = until
            kernel.counters.add('records.forgotten-deletions')
          }
          end()
        })
      })
    })
  }
}
