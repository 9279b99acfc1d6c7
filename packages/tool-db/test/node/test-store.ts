/** A store of rows in memory, which can be made to fail. */

import type { AskedEffect, HeldRow } from '../../src/core/node/effects.ts'
import { prefixRange } from '../../src/store/key-order.ts'

export class TestStore {
  readonly rows = new Map<string, HeldRow>()
  failCommits = false
  failReads = false
  /** How often it was asked for keys. */
  scans = 0

  load(effect: AskedEffect & { kind: 'load' }): readonly (HeldRow | undefined)[] {
    if (this.failReads) throw new Error('the disk does not answer')
    return effect.keys.map((key) => this.rows.get(key))
  }

  scan(effect: AskedEffect & { kind: 'scan' }): { keys: readonly string[]; more: boolean } {
    this.scans++
    if (this.failReads) throw new Error('the disk does not answer')
    const { from, to } = prefixRange(effect.prefix)
    const after = effect.after ?? ''
    const keys = [...this.rows.keys()]
      .filter((key) => key >= from && (to === undefined || key < to) && key > after)
      .sort()
    return { keys: keys.slice(0, effect.limit), more: keys.length > effect.limit }
  }

  commit(effect: AskedEffect & { kind: 'commit' }): boolean {
    if (this.failCommits) throw new Error('the disk is full')
    for (const [key, version] of effect.expect) {
      if ((this.rows.get(key)?.version ?? '') !== version) return false
    }
    for (const { key, value } of effect.writes) {
      if (value === undefined) this.rows.delete(key)
      else this.rows.set(key, { value, version: `v${value}` })
    }
    return true
  }
}
