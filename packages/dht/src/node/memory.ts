/** Keeps the state file true: reads it when the node starts, writes it now and then and at the end. */

import { jittered, MINUTE, type RandomSource } from '@shoal/base'
import type { DhtEngine } from '../core/engine.ts'
import type { Place } from '../places.ts'
import { readStateFile, type SavedNode, type SavedState, writeStateFile } from './state-file.ts'

const FIRST_SAVE_AFTER_MS = MINUTE
const SAVE_INTERVAL_MS = 15 * MINUTE

export interface MemoryInit {
  /** `undefined`: nothing is remembered. */
  readonly path: string | undefined
  readonly random: RandomSource
  readonly onWarning: (sentence: string) => void
}

export class Memory {
  readonly #init: MemoryInit
  readonly #saved: SavedState | undefined
  #warning: string | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0

  /** Throws a StateFileError where the file is of a later version or cannot be read. */
  constructor(init: MemoryInit) {
    this.#init = init
    if (init.path === undefined) return
    const { state, warning } = readStateFile(init.path, new Date())
    this.#saved = state
    this.#warning = warning
  }

  /** Times that the file could not be written. */
  get failures(): number {
    return this.#failures
  }

  /** What was known at this place, when the node ran last. */
  of({ family, host }: Place): SavedNode | undefined {
    return this.#saved?.nodes.find((node) => node.family === family && node.host === host)
  }

  start(nodes: () => readonly { readonly place: Place; readonly engine: DhtEngine }[]): void {
    if (this.#warning !== undefined) this.#init.onWarning(this.#warning)
    this.#warning = undefined
    if (this.#init.path === undefined) return
    const schedule = (ms: number): void => {
      this.#timer = setTimeout(
        () => {
          this.save(nodes())
          schedule(SAVE_INTERVAL_MS)
        },
        jittered(ms, 0.2, this.#init.random),
      )
      this.#timer.unref()
    }
    schedule(FIRST_SAVE_AFTER_MS)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  save(nodes: readonly { readonly place: Place; readonly engine: DhtEngine }[]): void {
    const { path } = this.#init
    if (path === undefined) return
    try {
      writeStateFile(path, { nodes: nodes.map(({ place, engine }) => this.#toSave(place, engine)) })
    } catch (error) {
      this.#failures++
      const why = error instanceof Error ? error.message : String(error)
      this.#init.onWarning(`the state file ${path} could not be written: ${why}`)
    }
  }

  #toSave(place: Place, engine: DhtEngine): SavedNode {
    const { family, host } = place
    const { id, externalAddress, contacts } = engine.snapshot()
    return {
      family,
      host,
      id,
      externalAddress: externalAddress ?? this.of(place)?.externalAddress,
      // Without a network it is better to remember whom one knew before.
      contacts: contacts.length > 0 ? contacts : (this.of(place)?.contacts ?? []),
    }
  }
}
