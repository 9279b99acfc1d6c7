/**
 * The newest roster of each topic, from run to run: who holds an old one and shows it to somebody who has just started gains
 * nothing, and who was revoked is known before anybody was asked.
 */

import { toHex } from '@shoal/base'
import { isKeptFields, type KeptFields, type KeptFile, readKeptFile, writeKeptFile } from '@shoal/dht'
import { parseRosterText, type RosterItem, rosterText } from '@shoal/peer'

export interface RosterOptions {
  /** Where it is kept; its folder is made. One process uses it at a time. */
  readonly file: string
}

export const ROSTERS_KEPT_MAX = 32

type Rosters = ReadonlyMap<string, RosterItem>

const ROSTER_FILE: KeptFile<Rosters> = {
  name: 'roster file',
  format: 'shoal-rosters',
  version: 1,
  bytesMax: 128 * 1_024,
  parse: parseRosters,
}

export interface RosterMemoryInit {
  /** Nothing is kept without it. */
  readonly file: string | undefined
  readonly onWarning: (sentence: string) => void
}

export class RosterMemory {
  readonly #init: RosterMemoryInit
  /** By target, in hex. BOUNDED: ROSTERS_KEPT_MAX, the one that changed longest ago out. */
  readonly #rosters: Map<string, RosterItem>
  #isUnwritten = false

  /** Throws a StateFileError where the file is of a later version or cannot be read. */
  constructor(init: RosterMemoryInit) {
    this.#init = init
    const { file, onWarning } = init
    const { value, warning } =
      file === undefined ? { value: undefined, warning: undefined } : readKeptFile(file, ROSTER_FILE, new Date())
    this.#rosters = new Map(value)
    if (warning !== undefined) onWarning(warning)
  }

  /** As the file has it: whoever reads it checks its signature. */
  get(target: Uint8Array): RosterItem | undefined {
    return this.#rosters.get(toHex(target))
  }

  keep(target: Uint8Array, { seq, value, signature }: RosterItem): void {
    const key = toHex(target)
    this.#rosters.delete(key)
    const oldest = this.#rosters.keys().next()
    if (this.#rosters.size >= ROSTERS_KEPT_MAX && !oldest.done) this.#rosters.delete(oldest.value)
    this.#rosters.set(key, { seq, value, signature })
    this.#write()
  }

  /** Tries again where the file could not be written: a disk has room again. */
  settle(): void {
    if (this.#isUnwritten) this.#write()
  }

  #write(): void {
    const { file, onWarning } = this.#init
    if (file === undefined) return
    const wasUnwritten = this.#isUnwritten
    try {
      const texts = [...this.#rosters].map(([name, roster]) => [name, rosterText(roster)])
      writeKeptFile(file, ROSTER_FILE, { topics: Object.fromEntries(texts) })
      this.#isUnwritten = false
    } catch (error) {
      this.#isUnwritten = true
      const why = error instanceof Error ? error.message : String(error)
      // Said once: a disk that is full stays so for a while.
      if (!wasUnwritten) onWarning(`the roster file ${file} could not be written: ${why}`)
    }
  }
}

function parseRosters({ topics }: KeptFields & { readonly topics?: unknown }): Rosters | undefined {
  if (!isKeptFields(topics)) return undefined
  const rosters = new Map<string, RosterItem>()
  for (const [target, text] of Object.entries(topics).slice(0, ROSTERS_KEPT_MAX)) {
    const item = parseRosterText(text)
    if (!/^[0-9a-f]{40}$/.test(target) || !item.ok) return undefined
    rosters.set(target, item.value)
  }
  return rosters
}
