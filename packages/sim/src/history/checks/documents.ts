/**
 * [H-5] A document is what a model makes of its changes, in whatever order and portions they came; no change that a server has
 * acknowledged is ever missing there; and no reader sees one go.
 */

import { isDeepStrictEqual } from 'node:util'
import { changeSetOf, isCrdtRecord, type WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../database/database-host.ts'
import type { StopKind } from '../../database/database-world.ts'
import { type Document, newDocument } from '../application.ts'
import type { Call, Check, CheckParts, Completed, Said } from '../check.ts'
import { Heard } from '../heard.ts'
import { modelValue } from '../model.ts'
import type { DocumentKind } from '../plan.ts'
import { heldChanges, storeOf } from '../records.ts'

interface Reader {
  /** As an application has it, that merges whatever it reads. */
  readonly document: Document
  /** BOUNDED: by the changes of a history. */
  readonly texts: Set<string>
}

export class Documents implements Check {
  readonly #parts: CheckParts
  readonly #heard = new Heard()
  /** By store and key. BOUNDED: by the changes of a history. */
  readonly #promised = new Map<string, Map<string, Set<string>>>()
  /** By session and key. BOUNDED: by the sessions. */
  readonly #readers = new Map<string, Reader>()
  /** What was known when a read began. BOUNDED: by the calls under way. */
  readonly #floors = new Map<number, readonly string[]>()

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleHeard(host: DatabaseHost, channel: number, heard: Said): void {
    this.#heard.note(host, channel, heard)
  }

  handleSaid(host: DatabaseHost, channel: number, said: Said): void {
    for (const record of this.#heard.acknowledged(host, channel, said)) this.#promise(host, record)
  }

  handleInvoked({ step, session, does }: Call): void {
    if (does.kind !== 'read-document') return
    const reader = this.#readers.get(`${session} ${does.key}`)
    if (reader !== undefined) this.#floors.set(step, [...reader.texts])
  }

  handleCompleted({ step, host, session, does, result }: Completed): void {
    if (does.kind === 'change' && result.kind === 'put') {
      this.#promise(host, result.message.data)
      const own = changeSetOf(result.message.data)
      this.#merge(`${session} ${does.key}`, does.document, own?.changes ?? [])
      return
    }
    if (does.kind !== 'read-document' || result.kind !== 'crdt-get') return
    const floor = this.#floors.get(step) ?? []
    this.#floors.delete(step)
    const read = result.sets.flatMap(({ changes }) => changes)
    const texts = new Set(read.map((change) => JSON.stringify(change)))
    const gone = floor.find((text) => !texts.has(text))
    if (gone !== undefined) {
      this.#parts.breach('documents', `${host.name} no longer reads ${gone} in ${does.key}, which it knew of`)
    }
    this.#merge(`${session} ${does.key}`, does.document, read)
  }

  handleStopped(host: DatabaseHost, how: StopKind): void {
    const isExcused = how === 'power' && host.disk.durability === 'memory'
    for (const [key, texts] of this.#promised.get(storeOf(host)) ?? []) {
      const held = heldChanges(host, key)
      if (isExcused) for (const text of texts) if (!held.has(text)) texts.delete(text)
      this.#keeps(host, key, texts)
    }
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    for (const host of hosts) {
      for (const [key, texts] of this.#promised.get(storeOf(host)) ?? []) this.#keeps(host, key, texts)
    }
  }

  #promise(host: DatabaseHost, record: WireRecord): void {
    const counted = isCrdtRecord(record) ? changeSetOf(record) : undefined
    if (counted === undefined) return
    const store = storeOf(host)
    const byKey = this.#promised.get(store) ?? new Map<string, Set<string>>()
    this.#promised.set(store, byKey)
    const texts = byKey.get(record.k) ?? new Set<string>()
    byKey.set(record.k, texts)
    for (const text of counted.texts) texts.add(text)
    this.#keeps(host, record.k, counted.texts)
  }

  #keeps(host: DatabaseHost, key: string, texts: Iterable<string>): void {
    const held = heldChanges(host, key)
    for (const text of texts) {
      if (held.has(text)) continue
      this.#parts.breach('documents', `${host.name} has acknowledged ${text} of ${key}, and does not have it`)
    }
  }

  #merge(name: string, kind: DocumentKind, changes: readonly unknown[]): void {
    const reader = this.#readers.get(name) ?? { document: newDocument(kind, ''), texts: new Set() }
    this.#readers.set(name, reader)
    reader.document.mergeChanges([...changes] as never[])
    for (const change of changes) reader.texts.add(JSON.stringify(change))
    const [value, expected] = [reader.document.value, modelValue(kind, reader.texts)]
    if (isDeepStrictEqual(value, expected)) return
    const sentence = `${name} is ${JSON.stringify(value)}, and by the model ${JSON.stringify(expected)}`
    this.#parts.breach('documents', sentence)
  }
}
