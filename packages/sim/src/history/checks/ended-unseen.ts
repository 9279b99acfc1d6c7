/** [H-12] What its author gave an end is not read any more once that is over, by the reader's clock. */

import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts, Completed } from '../check.ts'
import { endOf, named } from '../records.ts'

export class EndedUnseen implements Check {
  readonly #parts: CheckParts

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleCompleted({ host, completedAt, result }: Completed): void {
    if (result.kind !== 'get' || result.record === undefined) return
    const end = endOf(result.record)
    if (end === undefined || end > clockOf(host, completedAt)) return
    this.#parts.breach('ended-unseen', `${host.name} reads ${named(result.record)}, which ended at ${end}`)
  }
}

function clockOf({ host }: DatabaseHost, at: number): number {
  return host.clock.shows(at)
}
