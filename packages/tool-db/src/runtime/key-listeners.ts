/** Key listeners by the numbers that applications hold, from before the node runs until they are removed. */

import type { WireRecord } from '../core/records/record.ts'
import type { Driver } from './driver.ts'

export type KeyListener = (record: WireRecord) => void

interface Held {
  readonly key: string
  readonly fn: KeyListener
  nodeId: number | undefined
}

export class KeyListeners {
  /** BOUNDED: by the application; those that are called, by listenersMax. */
  readonly #listeners = new Map<number, Held>()
  /** BOUNDED: by the listeners. */
  readonly #byNodeId = new Map<number, Held>()
  #driver: Driver | undefined
  #nextId = 0

  add(key: string, fn: KeyListener): number {
    const id = this.#nextId++
    const held: Held = { key, fn, nodeId: undefined }
    this.#listeners.set(id, held)
    this.#attach(held)
    return id
  }

  remove(id: number): void {
    const held = this.#listeners.get(id)
    this.#listeners.delete(id)
    const nodeId = held?.nodeId
    if (nodeId === undefined) return
    this.#byNodeId.delete(nodeId)
    this.#driver?.input((node) => node.removeListener(nodeId))
  }

  /** The node runs: those that were added before are attached. */
  start(driver: Driver): void {
    this.#driver = driver
    for (const held of this.#listeners.values()) this.#attach(held)
  }

  notify(nodeId: number, record: WireRecord): void {
    this.#byNodeId.get(nodeId)?.fn(record)
  }

  #attach(held: Held): void {
    const nodeId = this.#driver?.input((node) => node.addListener(held.key))
    if (nodeId === undefined) return
    held.nodeId = nodeId
    this.#byNodeId.set(nodeId, held)
  }
}
