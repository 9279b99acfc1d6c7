/** What map, list and counter share: a log of well-formed changes, of which each counts once. */

import { UsageError } from '@shoal/base'
import { BaseCrdt } from './base-crdt.ts'
import { type Added, ChangeLog, type ChangeLogInit } from './change-log.ts'

export interface Arrivals<C> {
  readonly changes: readonly C[]
  readonly position: number
}

export abstract class ConvergentCrdt<T, C, V> extends BaseCrdt<T, C, V> {
  protected readonly log: ChangeLog<C>
  protected readonly author: string

  protected constructor(author: string, init: ChangeLogInit<C>) {
    super()
    if (typeof author !== 'string') throw new UsageError('the author of a CRDT is an address, as a text')
    this.author = author
    this.log = new ChangeLog(init)
  }

  /** Known changes and those of another shape count for nothing. */
  override mergeChanges(changes: readonly C[]): void {
    if (!Array.isArray(changes)) throw new UsageError('changes to merge are a list')
    for (const change of changes) {
      if (!this.isChange(change)) continue
      const added = this.log.add(change)
      if (added.kind !== 'known') this.handleAdded(change, added)
    }
  }

  override getChanges(): C[] {
    return [...this.log.sorted()]
  }

  /** For `putCrdt`, which need not look at what it has put before. */
  changesSince(position: number): Arrivals<C> {
    return this.log.since(position)
  }

  protected abstract isChange(input: unknown): input is C

  protected abstract handleAdded(change: C, added: Added<C>): void

  /** A change of one's own. */
  protected append(change: C): void {
    this.mergeChanges([change])
  }
}
