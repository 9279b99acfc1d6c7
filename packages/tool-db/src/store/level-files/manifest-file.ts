/** Which files a LevelDB database consists of: the edits in its manifest, one after the other (db/version_edit.cc there). */

import { FieldReader } from './field-reader.ts'
import { readLog } from './log-file.ts'

export interface LiveFiles {
  /** The tables by number, with the lengths that they were written with, where those are known. */
  readonly tables: ReadonlyMap<number, number | undefined>
  /** Logs of this number or a greater one have rows that are in no table yet. */
  readonly logsFrom: number
}

const TAG = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const

/** `undefined` where the manifest is damaged: then nobody knows which tables count. */
export function liveFilesOf(manifest: Uint8Array): LiveFiles | undefined {
  const { state, records } = readLog(manifest)
  if (state.kind === 'damaged' || records.length === 0) return undefined
  const tables = new Map<number, number>()
  const logs = { logNumber: 0 }
  for (const record of records) if (!applyEdit(record, tables, logs)) return undefined
  return { tables, logsFrom: logs.logNumber }
}

function applyEdit(edit: Uint8Array, tables: Map<number, number>, logs: { logNumber: number }): boolean {
  const reader = new FieldReader(edit)
  while (!reader.isAtEnd) {
    switch (reader.varint()) {
      case TAG.comparator:
        if (reader.counted() === undefined) return false
        break
      case TAG.logNumber: {
        const number = reader.varint()
        if (number === undefined) return false
        logs.logNumber = number
        break
      }
      case TAG.nextFile:
      case TAG.lastSequence:
      case TAG.previousLog:
        if (reader.varint() === undefined) return false
        break
      case TAG.compactPointer:
        if (reader.varint() === undefined || reader.counted() === undefined) return false
        break
      case TAG.deletedFile: {
        const [, number] = [reader.varint(), reader.varint()]
        if (number === undefined) return false
        tables.delete(number)
        break
      }
      case TAG.newFile: {
        const [, number, size] = [reader.varint(), reader.varint(), reader.varint()]
        if (number === undefined || size === undefined) return false
        if (reader.counted() === undefined || reader.counted() === undefined) return false
        tables.set(number, size)
        break
      }
      default:
        return false
    }
  }
  return true
}
