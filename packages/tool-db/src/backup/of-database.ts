/** Export and import of a database that is running. */

import type { Millis } from '@shoal/base'
import type { Command, CommandResult } from '../core/node/commands.ts'
import type { WireRecord } from '../core/records/record.ts'
import { PutRefusedError } from '../errors.ts'
import type { Store } from '../store/store.ts'
import { StoreError } from '../store/store-error.ts'
import { exportRecords } from './export.ts'
import type { Imported } from './import.ts'

/** Of the store that is there once the database has begun. */
export async function* exportOf(
  begun: Promise<unknown>,
  store: () => Store,
  about: { readonly topic: string; readonly now: Millis },
): AsyncGenerator<string> {
  await begun
  yield* exportRecords({ store: store(), ...about })
}

/** One record, verified by the node as a stranger's is. Rejects with what is not the record's fault. */
export async function importThrough(
  command: (command: Command) => Promise<CommandResult>,
  record: WireRecord,
): Promise<Imported> {
  const result = await command({ kind: 'import', record })
  if (result.kind === 'import') return { kind: result.isNew ? 'stored' : 'held' }
  const { code, error } = result.kind === 'refused' ? result : { code: 'CLOSED' as const, error: undefined }
  // What comes after it would fare no better.
  if (code === 'STORE_FAILED' || code === 'TOO_BUSY' || code === 'CLOSED') {
    throw error instanceof StoreError ? error : new PutRefusedError(code, record.k, { cause: error })
  }
  return { kind: 'refused', code }
}
