/** What honest authors have written, each record as it was when it went to its author's own store. */

import type { WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'

export class Registry {
  /** By hash. BOUNDED: by the operations of a history. */
  readonly #texts = new Map<string, Set<string>>()
  /** Looked at before. */
  readonly #genuine = new WeakSet<WireRecord>()
  /** By address. BOUNDED: by the hosts. */
  readonly #honest = new Map<string, DatabaseHost>()

  constructor(hosts: readonly DatabaseHost[]) {
    for (const host of hosts) if (host.isHonest) this.#honest.set(host.user.address, host)
  }

  /** A host is about to write this. */
  note(host: DatabaseHost, records: Iterable<WireRecord>): void {
    for (const record of records) {
      if (record.a !== host.user.address) continue
      const texts = this.#texts.get(record.h) ?? new Set()
      texts.add(textOf(record))
      this.#texts.set(record.h, texts)
    }
  }

  /** Whoever is not honest may have signed anything. */
  isGenuine(record: WireRecord): boolean {
    if (this.#genuine.has(record) || !this.#honest.has(record.a)) return true
    const isGenuine = this.#texts.get(record.h)?.has(textOf(record)) === true
    if (isGenuine) this.#genuine.add(record)
    return isGenuine
  }
}

/** Whatever the order of the fields. */
function textOf({ k, a, n, t, h, s, v, c }: WireRecord): string {
  return JSON.stringify([k, a, n, t, h, s, v, c])
}
