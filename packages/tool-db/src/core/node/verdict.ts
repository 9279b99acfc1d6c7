/** What is to be written here, and what became of a record. */

import type { Millis } from '@shoal/base'
import type { WireRecord } from '../records/record.ts'
import type { WrittenValue } from '../records/write.ts'
import type { Author, RefusalCode } from './commands.ts'
import type { CrdtNews } from './crdt-store.ts'

export type Verdict =
  /** Committed: others are told of it. `held` is what readers see now; `isShown` where that has changed by it. */
  | {
      readonly kind: 'stored'
      readonly record: WireRecord
      readonly held: WireRecord
      readonly isShown: boolean
      /** The first of its author at a frozen name that was free here, or is claimed anew. */
      readonly isClaim: boolean
      /** The JSON of `record`, where it was made for the store. */
      readonly text: string | undefined
      /** Of a set of changes. */
      readonly crdt?: CrdtNews
    }
  /** Verified, but nothing has changed: it is older than what is held, or the same again. */
  | { readonly kind: 'unchanged'; readonly record: WireRecord; readonly held: WireRecord }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly error?: unknown }

/** What is to be written and signed here. */
export interface OwnDraft {
  readonly key: string
  readonly value: WrittenValue
  readonly author: Author
  readonly type: string | null
  /** How long the record is to last. */
  readonly ttl: Millis | undefined
}
