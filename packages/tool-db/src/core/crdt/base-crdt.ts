/** What every CRDT document is to the database: a type, changes that go out, changes that come in, and a value. */

export const CRDT_MAP = 'MAP'
export const CRDT_LIST = 'LIST'
/** tool-db 2.6.6 exports this name, yet labels its counters LIST; a counter is told by its operations. */
export const CRDT_COUNTER = 'COUNTER'

/** To be extended for one's own kind: its `type` goes on the wire, its changes are whatever JSON can hold. */
// biome-ignore lint/suspicious/noExplicitAny: as in tool-db, whose programs name one or none of the three
export class BaseCrdt<_T = any, Changes = any, Value = any> {
  type: string = ''

  mergeChanges(_changes: readonly Changes[]): void {
    // Nothing to merge into.
  }

  /** All changes that this document knows of, other people's among them. */
  getChanges(): Changes[] {
    return []
  }

  get value(): Value {
    return '' as Value
  }
}
