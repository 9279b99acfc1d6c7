/**
 * `putCrdt` and `getCrdt`: what of a document goes to the node, and what comes back into it. How far a document was put, and
 * which signed sets are in it, is remembered as long as the document is there, so that both cost what is new.
 */

import { type Millis, UsageError } from '@shoal/base'
import { type BaseCrdt, CRDT_COUNTER, CRDT_LIST } from '../core/crdt/base-crdt.ts'
import { changeSetOf } from '../core/crdt/change-set.ts'
import { ConvergentCrdt } from '../core/crdt/convergent-crdt.ts'
import type { Author, Command, CommandResult } from '../core/node/commands.ts'
import { DELETED } from '../core/records/write.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document of any kind
export type AnyCrdt = BaseCrdt<any, any, any>

interface Progress {
  /** Of the changes in the order of their arrival: those before it were put. */
  position: number
  /** BOUNDED: by the sets of the document. */
  readonly merged: Set<string>
}

/** Changes that go into one signed set, where there are many: plain servers take in one message at a time. */
const SLICE_SIZE = 128 * 1024
const TYPE = /^[\x21-\x7e]{1,64}$/

export class Documents {
  readonly #command: (command: Command) => Promise<CommandResult>
  /** By key, and by author for what was put. BOUNDED: by the documents that the application holds. */
  readonly #progress = new WeakMap<AnyCrdt, Map<string, Progress>>()

  constructor(command: (command: Command) => Promise<CommandResult>) {
    this.#command = command
  }

  /** Throws UsageError where the document holds no change of the author's; the result is a refusal or that of the last set. */
  async put(
    key: string,
    crdt: AnyCrdt,
    wish: { author: Author; to: readonly string[]; confirm: number; timeout: Millis },
  ): Promise<CommandResult> {
    const type = typeOf(crdt)
    const { author, to, confirm, timeout } = wish
    const progress = this.#progressOf(crdt, `${author.address} ${key}`)
    const fresh = changesOf(crdt, progress.position)
    const slices = slicesOf(type, fresh.changes, author.address)
    // Nothing is new: the set that says so is the answer.
    if (slices.length === 0) slices.push([lastOwn(type, crdt, author.address)])
    let result: CommandResult | undefined
    for (const changes of slices) {
      result = await this.#command({ kind: 'crdt-put', key, type, changes, author, to, confirm, timeout })
      if (result.kind !== 'put' || result.confirmed < confirm) return result
    }
    progress.position = fresh.position
    return result as CommandResult
  }

  /** False where the time was over before all connected servers had answered; throws what the store said. */
  async get(key: string, crdt: AnyCrdt, wish: { to: readonly string[]; timeout: Millis }): Promise<CommandResult> {
    const type = typeOf(crdt)
    const { merged } = this.#progressOf(crdt, key)
    const result = await this.#command({ kind: 'crdt-get', key, type, known: new Set(merged), ...wish })
    if (result.kind !== 'crdt-get') return result
    if (result.unsigned.length > 0) crdt.mergeChanges([...result.unsigned])
    for (const { hash, changes } of result.sets) {
      crdt.mergeChanges([...changes])
      merged.add(hash)
    }
    return result
  }

  #progressOf(crdt: AnyCrdt, name: string): Progress {
    const byName = this.#progress.get(crdt) ?? new Map<string, Progress>()
    this.#progress.set(crdt, byName)
    const progress = byName.get(name) ?? { position: 0, merged: new Set<string>() }
    byName.set(name, progress)
    return progress
  }
}

/** As on the wire. tool-db's own counter calls itself a list. */
function typeOf(crdt: AnyCrdt): string {
  const isCrdt = typeof crdt?.getChanges === 'function' && typeof crdt.mergeChanges === 'function'
  if (!isCrdt)
    throw new UsageError('a CRDT is a MapCrdt, ListCrdt or CounterCrdt, or a class of your own that extends BaseCrdt')
  const { type } = crdt
  if (typeof type !== 'string' || !TYPE.test(type) || type === DELETED) {
    throw new UsageError('the type of a CRDT is a text of 1 to 64 characters without spaces, and not DEL')
  }
  return type === CRDT_LIST && 'ADD' in crdt ? CRDT_COUNTER : type
}

function changesOf(crdt: AnyCrdt, from: number): { readonly changes: readonly unknown[]; readonly position: number } {
  if (crdt instanceof ConvergentCrdt) return crdt.changesSince(from)
  const changes: unknown = crdt.getChanges()
  if (!Array.isArray(changes)) throw new UsageError('getChanges of a CRDT gives a list')
  return { changes, position: 0 }
}

function slicesOf(type: string, changes: readonly unknown[], author: string): unknown[][] {
  const own = changeSetOf({ v: changes, a: author, c: type })
  const slices: unknown[][] = []
  let size = SLICE_SIZE
  for (const [i, text] of (own?.texts ?? []).entries()) {
    size += text.length
    if (size > SLICE_SIZE) {
      slices.push([])
      size = text.length
    }
    slices.at(-1)?.push(own?.changes[i])
  }
  return slices
}

function lastOwn(type: string, crdt: AnyCrdt, author: string): unknown {
  const own = changeSetOf({ v: crdt.getChanges(), a: author, c: type })?.changes.at(-1)
  if (own !== undefined) return own
  throw new UsageError('the CRDT holds no change of yours: make it with your address, db.userAccount.getAddress()')
}
