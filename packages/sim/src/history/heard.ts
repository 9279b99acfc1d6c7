/** What each node was sent under which id, so that an acknowledgement can be told by what it acknowledges. */

import type { WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'
import type { Said } from './check.ts'

const NOTHING: readonly WireRecord[] = []

export class Heard {
  /** What comes under one id is of one key, and is answered in its order. BOUNDED: by the messages of a history. */
  readonly #byId = new Map<string, WireRecord[]>()

  note({ name }: DatabaseHost, channel: number, heard: Said): void {
    if (heard.type !== 'record') return
    const id = `${name} ${channel} ${heard.id}`
    const waiting = this.#byId.get(id)
    if (waiting === undefined) this.#byId.set(id, [...heard.records])
    else waiting.push(...heard.records)
  }

  /** The records that an honest node promises to have by this. */
  acknowledged(host: DatabaseHost, channel: number, said: Said): readonly WireRecord[] {
    if (said.type !== 'ack' || !host.isHonest) return NOTHING
    const record = this.#byId.get(`${host.name} ${channel} ${said.id}`)?.shift()
    return record === undefined || said.code !== 'OK' ? NOTHING : [record]
  }
}
