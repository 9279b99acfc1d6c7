/**
 * Local key listeners. The first change is shown at once; those that follow at most every `triggerDebouce`, and the
 * last one always.
 */

import type { Millis } from '@shoal/base'
import { isCrdtRecord } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import type { NodeConfig } from './config.ts'
import type { Kernel, Timer } from './kernel.ts'
import { PrefixIndex } from './prefix-index.ts'

interface Listener {
  readonly prefix: string
  /** Changes wait until then. */
  quietUntil: Millis
  /** Set while some wait: most listeners are told once in a while. */
  timer: Timer | undefined
  /** The newest change of each key that waits. BOUNDED: WAITING_KEYS_MAX, the oldest is shown early. */
  readonly waiting: Map<string, WireRecord>
}

const WAITING_KEYS_MAX = 1_000

export class Listeners {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #index = new PrefixIndex<number>()
  /** BOUNDED: listenersMax. */
  readonly #listeners = new Map<number, Listener>()
  #nextId = 0

  constructor(parts: { kernel: Kernel; config: NodeConfig }) {
    this.#kernel = parts.kernel
    this.#config = parts.config
  }

  get size(): number {
    return this.#listeners.size
  }

  /** `undefined` where there are too many. */
  add(prefix: string): number | undefined {
    if (this.#listeners.size >= this.#kernel.limits.listenersMax) return undefined
    const id = this.#nextId++
    this.#listeners.set(id, { prefix, quietUntil: 0, timer: undefined, waiting: new Map() })
    this.#index.add(prefix, id)
    return id
  }

  remove(id: number): void {
    const listener = this.#listeners.get(id)
    if (listener === undefined) return
    this.#kernel.cancel(listener.timer)
    this.#listeners.delete(id)
    this.#index.remove(listener.prefix, id)
  }

  trigger(key: string, record: WireRecord): void {
    if (this.#listeners.size === 0) return
    for (const id of this.#index.matches(key)) {
      const listener = this.#listeners.get(id)
      if (listener !== undefined) this.#show(id, listener, key, record)
    }
  }

  #show(id: number, listener: Listener, key: string, record: WireRecord): void {
    const { triggerDebounce } = this.#config
    const left = listener.quietUntil - this.#kernel.now
    // More than the whole of it is left where the clock was set back.
    if (listener.timer === undefined && (left <= 0 || left > triggerDebounce)) {
      this.#kernel.emit({ kind: 'notify', listener: id, record })
      listener.quietUntil = this.#kernel.now + triggerDebounce
      return
    }
    const older = listener.waiting.get(key)
    // Behind the others again: the order is that of the newest changes.
    listener.waiting.delete(key)
    listener.waiting.set(key, older === undefined ? record : joined(older, record))
    if (listener.waiting.size > WAITING_KEYS_MAX) this.#flush(id, listener)
    listener.timer ??= this.#kernel.after(left, () => {
      listener.timer = undefined
      this.#flush(id, listener)
      listener.quietUntil = this.#kernel.now + triggerDebounce
    })
  }

  #flush(id: number, listener: Listener): void {
    const records = [...listener.waiting.values()]
    listener.waiting.clear()
    for (const record of records) this.#kernel.emit({ kind: 'notify', listener: id, record })
  }
}

/** Of two values the newer one says all; of two sets of changes both count. */
function joined(older: WireRecord, record: WireRecord): WireRecord {
  if (!isCrdtRecord(record) || older.c !== record.c) return record
  return { ...record, v: [...(older.v as readonly unknown[]), ...(record.v as readonly unknown[])] }
}
