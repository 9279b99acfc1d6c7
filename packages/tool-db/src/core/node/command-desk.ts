/** The application's commands, each carried out by its part and answered once. */

import { type Endpoint, utf8Length } from '@shoal/base'
import { isCrdtRecord } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import { DELETED } from '../records/write.ts'
import type { Command, CommandResult } from './commands.ts'
import { countsOf } from './delivery.ts'
import type { IncomingParts } from './incoming.ts'
import { TOO_MANY_REQUESTS } from './requests.ts'
import { liveRecordOfRow, recordOfRow } from './rows.ts'
import type { Peer } from './session.ts'

export interface CommandDeskParts extends IncomingParts {
  servers(): Iterable<Peer>
  connect(endpoint: Endpoint): void
}

export class CommandDesk {
  readonly #parts: CommandDeskParts

  constructor(parts: CommandDeskParts) {
    this.#parts = parts
  }

  handle(request: number, command: Command): void {
    const answer = (result: CommandResult): void => this.#parts.kernel.emit({ kind: 'result', request, result })
    switch (command.kind) {
      case 'put':
        this.#put(command, answer)
        return
      case 'crdt-put':
        this.#parts.crdts.put(command, answer)
        return
      case 'crdt-get':
        this.#parts.crdts.get(command, answer)
        return
      case 'get':
        this.#parts.gets.get(command, (record, complete, error) => {
          if (error !== undefined) answer(unread(error))
          else answer({ kind: 'get', record, complete })
        })
        return
      case 'query':
        this.#parts.queries.query(command, (keys, complete, error) => {
          if (error !== undefined) answer(unread(error))
          else answer({ kind: 'query', keys, complete })
        })
        return
      case 'subscribe':
        this.#subscribe(command, answer)
        return
      case 'sync-prefix':
        this.#syncPrefix(command, answer)
        return
      case 'function':
        this.#parts.functions.call(command, (code, value) => answer({ kind: 'function', code, value }))
        return
      case 'connect':
        this.#parts.connect(command.endpoint)
        answer({ kind: 'connect' })
        return
      case 'import':
        this.#import(command.record, answer)
        return
    }
  }

  #put(command: Command & { kind: 'put' }, answer: (result: CommandResult) => void): void {
    const { admission, claims, deliveries, fanout, listeners, servers, kernel } = this.#parts
    const { key, value, author, confirm, timeout, isDeletion = false, ttl } = command
    const startedAt = kernel.steady
    if ((utf8Length(value.text) ?? 0) > kernel.limits.valueSizeMax) {
      answer({ kind: 'refused', code: 'TOO_LARGE' })
      return
    }
    deliveries.enter({ key, size: value.text.length, timeout }, (place) => {
      if (place === undefined) return answer({ kind: 'refused', code: 'TOO_BUSY' })
      const draft = {
        key,
        value,
        author,
        type: isDeletion ? DELETED : null,
        ttl,
        onlyIfFree: command.onlyIfFree ?? false,
        claimAnew: command.claimAnew ?? false,
      }
      admission.write(draft, (verdict) => {
        if (verdict.kind === 'refused') {
          place.release()
          return answer({
            kind: 'refused',
            code: verdict.code,
            ...(verdict.error !== undefined && { error: verdict.error }),
          })
        }
        const { record } = verdict
        if (verdict.kind === 'stored' && verdict.isClaim) claims.add(record.k)
        const text = verdict.kind === 'stored' ? verdict.text : undefined
        const sending = deliveries.add(record, { to: command.to ?? [], size: value.text.length, place, text })
        const { message } = sending
        if (confirm !== 0) {
          const left = Math.max(0, timeout - (kernel.steady - startedAt))
          deliveries.wait(sending, { needed: confirm, timeout: left }, (counts) => {
            answer({ kind: 'put', message, ...counts })
          })
        }
        deliveries.send(sending, servers())
        fanout.push({ record, text })
        listeners.trigger(record.k, record)
        if (confirm === 0) answer({ kind: 'put', message, ...countsOf(sending) })
      })
    })
  }

  #import(record: WireRecord, answer: (result: CommandResult) => void): void {
    const { admission, kernel } = this.#parts
    kernel.ask('load', { keys: [record.k] }, (result) => {
      const held = result.ok ? recordOfRow(record.k, result.value[0]) : undefined
      // It was verified when it came, and an import that is started again has many of them.
      if (held?.h === record.h && held.s === record.s) return answer({ kind: 'import', isNew: false })
      admission.admit(record, { kind: 'sync', certified: true }, (verdict) => {
        if (verdict.kind !== 'refused') return answer({ kind: 'import', isNew: verdict.kind === 'stored' })
        const { code, error } = verdict
        answer({ kind: 'refused', code, ...(error !== undefined && { error }) })
      })
    })
  }

  #syncPrefix(command: Command & { kind: 'sync-prefix' }, answer: (result: CommandResult) => void): void {
    const { prefixSync } = this.#parts
    if (prefixSync === undefined) answer({ kind: 'sync-prefix', stored: 0, servers: 0, complete: false })
    else prefixSync.sync(command, answer)
  }

  #subscribe(command: Command & { kind: 'subscribe' }, answer: (result: CommandResult) => void): void {
    const { subscriptions, kernel, listeners, servers, crdts } = this.#parts
    const { key, to = [], exact = false } = command
    if (!subscriptions.want(key, { to, exact }, servers())) {
      answer({ kind: 'refused', code: 'TOO_BUSY' })
      return
    }
    // What is here already is shown first, as tool-db does; who watches a name alone has just written it.
    kernel.ask('load', { keys: [key] }, (result) => {
      const held = result.ok ? liveRecordOfRow(key, result.value[0], kernel.now) : undefined
      if (held !== undefined && isCrdtRecord(held)) crdts.show(key, held)
      else if (held !== undefined && !exact) listeners.trigger(key, held)
      answer({ kind: 'subscribe' })
    })
  }
}

/** Of a read that was not tried, or failed. */
function unread(error: unknown): CommandResult {
  return { kind: 'refused', code: error === TOO_MANY_REQUESTS ? 'TOO_BUSY' : 'STORE_FAILED', error }
}
