/**
 * [H-4] Within a session no read goes back in time, neither behind what was read before nor behind one's own writes; nor do listeners.
 * What ends by itself, names and documents have checks of their own.
 */

import type { NodeEvent, WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { Call, Check, CheckParts, Completed } from '../check.ts'
import { inOrder, isOrdinary, named } from '../records.ts'
import { sessionOf } from '../session.ts'

export class ReadsForward implements Check {
  readonly #parts: CheckParts
  /** The newest that each session knows of each key. BOUNDED: by the keys of a history. */
  readonly #known = new Map<string, WireRecord>()
  /** What was known when a read began. BOUNDED: by the calls under way. */
  readonly #floors = new Map<number, WireRecord>()
  /** BOUNDED: by the keys of a history. */
  readonly #shown = new Map<string, WireRecord>()

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleInvoked({ step, session, does }: Call): void {
    const floor = does.kind === 'get' ? this.#known.get(`${session} ${does.key}`) : undefined
    if (floor !== undefined) this.#floors.set(step, floor)
  }

  handleCompleted({ step, host, session, does, result }: Completed): void {
    const floor = this.#floors.get(step)
    this.#floors.delete(step)
    if (result.kind === 'put') this.#note(session, result.message.data)
    if (result.kind !== 'get') return
    const { record } = result
    if (record !== undefined) this.#note(session, record)
    if (floor === undefined || (record !== undefined && inOrder(record, floor) >= 0)) return
    const sentence = `${host.name} reads ${named(record)} after it knew of ${named(floor)}, in one session`
    if (does.kind === 'get') this.#parts.breach('reads-forward', sentence)
  }

  handleEvent(host: DatabaseHost, event: NodeEvent): void {
    if (event.kind !== 'notify' || !isOrdinary(event.record)) return
    const { listener, record } = event
    const name = `${sessionOf(host)} ${host.host.starts} ${listener} ${record.k}`
    const before = this.#shown.get(name)
    this.#shown.set(name, record)
    if (before === undefined || inOrder(record, before) >= 0) return
    this.#parts.breach('reads-forward', `a listener of ${host.name} is shown ${named(record)} after ${named(before)}`)
  }

  #note(session: string, record: WireRecord): void {
    if (!isOrdinary(record)) return
    const name = `${session} ${record.k}`
    const before = this.#known.get(name)
    if (before === undefined || inOrder(record, before) > 0) this.#known.set(name, record)
  }
}
