/** What an application does with the node on its host: operations become commands, and their results come back. */

import { type Millis, SECOND } from '@shoal/base'
import {
  type Author,
  type Command,
  type CommandResult,
  CounterCrdt,
  ListCrdt,
  MapCrdt,
  type NodeEvent,
  writtenValue,
} from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'
import type { DatabaseWorld } from '../database/database-world.ts'
import type { Call, Check } from './check.ts'
import type { DocumentKind, Operation } from './plan.ts'
import { sessionOf } from './session.ts'

const TIMEOUT: Millis = 5 * SECOND

export type Document = CounterCrdt | MapCrdt<unknown> | ListCrdt<unknown>

export class Application {
  readonly host: DatabaseHost
  readonly #database: DatabaseWorld
  readonly #checks: readonly Check[]
  /** By request. BOUNDED: by the steps. */
  readonly #pending = new Map<number, (result: CommandResult) => void>()
  /** As the running program has them. BOUNDED: by the keys. */
  readonly #documents = new Map<string, Document>()
  completed = 0

  constructor(host: DatabaseHost, database: DatabaseWorld, checks: readonly Check[]) {
    this.host = host
    this.#database = database
    this.#checks = checks
  }

  run(step: number, does: Operation): void {
    if (!this.host.isUp) return
    const call: Call = { step, host: this.host, session: sessionOf(this.host), does, invokedAt: this.#database.now }
    for (const check of this.#checks) check.handleInvoked?.(call)
    if (does.kind === 'change') this.#change(call, does)
    else this.#ask(call, this.#commandOf(does), () => undefined)
  }

  handleEvent(event: NodeEvent): void {
    if (event.kind !== 'result') return
    const then = this.#pending.get(event.request)
    this.#pending.delete(event.request)
    then?.(event.result)
  }

  /** Whoever waits for an answer is gone with the program. */
  handleStopped(): void {
    this.#pending.clear()
    this.#documents.clear()
  }

  #ask(call: Call, command: Command, then: (result: CommandResult) => void): void {
    const request = this.#database.command(this.host, command)
    this.#pending.set(request, (result) => {
      this.completed++
      this.#merge(call.does, result)
      for (const check of this.#checks) {
        check.handleCompleted?.({ ...call, completedAt: this.#database.now, result })
      }
      then(result)
    })
  }

  /** Reads first: an index that is used again would take the place of what it stood for. */
  #change(call: Call, does: Operation & { kind: 'change' }): void {
    const read: Operation = { kind: 'read-document', key: does.key, document: does.document }
    this.#ask({ ...call, does: read }, this.#commandOf(read), () => {
      const document = this.#document(does)
      changeDocument(document, does.value)
      this.#ask(call, this.#putDocument(does, document), () => undefined)
    })
  }

  #merge(does: Operation, result: CommandResult): void {
    if (does.kind !== 'read-document' || result.kind !== 'crdt-get') return
    const document = this.#document(does)
    for (const { changes } of result.sets) document.mergeChanges([...changes] as never[])
  }

  #document({ key, document }: { readonly key: string; readonly document: DocumentKind }): Document {
    const held = this.#documents.get(key)
    if (held !== undefined) return held
    const made = newDocument(document, this.host.user.address)
    this.#documents.set(key, made)
    return made
  }

  #putDocument({ key, document: type }: Operation & { kind: 'change' }, document: Document): Command {
    const changes = document.getChanges()
    return { kind: 'crdt-put', key, type, changes, author: this.#author, confirm: 1, timeout: TIMEOUT }
  }

  get #author(): Author {
    return { signer: 'user', address: this.host.user.address }
  }

  #commandOf(does: Exclude<Operation, { kind: 'change' }>): Command {
    const { key } = does
    const put = { kind: 'put', key, author: this.#author, timeout: TIMEOUT } as const
    switch (does.kind) {
      case 'put':
        return { ...put, value: writtenValue(does.value), confirm: does.confirm }
      case 'lend':
        return { ...put, value: writtenValue(does.value), confirm: 1, ttl: does.ttl }
      case 'claim':
        return { ...put, value: writtenValue(does.value), confirm: 1 }
      case 'delete':
        return { ...put, value: writtenValue(null), isDeletion: true, confirm: does.confirm }
      case 'get':
        return { kind: 'get', key, timeout: TIMEOUT }
      case 'subscribe':
        return { kind: 'subscribe', key }
      case 'read-document':
        return { kind: 'crdt-get', key, type: does.document, known: new Set(), timeout: TIMEOUT }
    }
  }
}

export function newDocument(kind: DocumentKind, author: string): Document {
  switch (kind) {
    case 'COUNTER':
      return new CounterCrdt(author)
    case 'MAP':
      return new MapCrdt<unknown>(author)
    case 'LIST':
      return new ListCrdt<unknown>(author)
  }
}

function changeDocument(document: Document, value: number): void {
  if (document instanceof CounterCrdt) {
    if (value % 3 === 0) document.SUB(value)
    else document.ADD(value)
  } else if (document instanceof MapCrdt) {
    const key = `k${value % 4}`
    if (value % 5 === 0) document.DEL(key)
    else document.SET(key, value)
  } else if (value % 4 === 0 && document.value.length > 0) document.DEL(value % document.value.length)
  else document.INS(value, value % (document.value.length + 1))
}
