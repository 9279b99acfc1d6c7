/** [H-6] Nothing is kept, shown or handed on by an honest node that its author has not written, whoever says so. */

import type { NodeEvent, WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts, Completed, Said, Written } from '../check.ts'
import { named } from '../records.ts'

export class GenuineRecords implements Check {
  readonly #parts: CheckParts

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleWritten(host: DatabaseHost, written: readonly Written[]): void {
    if (host.isHonest) for (const { record } of written) this.#isGenuine(host, 'keeps', record)
  }

  handleSaid(host: DatabaseHost, _channel: number, said: Said): void {
    if (!host.isHonest || said.type !== 'record') return
    for (const record of said.records) this.#isGenuine(host, 'hands on', record)
  }

  handleEvent(host: DatabaseHost, event: NodeEvent): void {
    // Of a set of changes listeners are shown the part that counts.
    if (host.isHonest && event.kind === 'notify' && event.record.c === null)
      this.#isGenuine(host, 'shows', event.record)
  }

  handleCompleted({ host, result }: Completed): void {
    if (result.kind === 'get' && result.record !== undefined) this.#isGenuine(host, 'reads', result.record)
  }

  #isGenuine(host: DatabaseHost, how: string, record: WireRecord): void {
    if (this.#parts.registry.isGenuine(record)) return
    this.#parts.breach('genuine-records', `${host.name} ${how} ${named(record)}, which ${record.a} never wrote`)
  }
}
