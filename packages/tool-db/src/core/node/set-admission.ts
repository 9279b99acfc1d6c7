/** A set of changes on its way in, within the lane of its key: others' that were verified, and our own. */

import { utf8Length } from '@shoal/base'
import { changeSetOf } from '../crdt/change-set.ts'
import { inOrder } from '../crdt/in-order.ts'
import type { WireRecord } from '../records/record.ts'
import type { RecordCheck } from '../records/verify.ts'
import { writtenValue } from '../records/write.ts'
import type { Author } from './commands.ts'
import { CrdtStore, freshChanges, type OpenKey } from './crdt-store.ts'
import type { Kernel } from './kernel.ts'
import { liveRecordOfRow } from './rows.ts'
import type { SignDraft } from './sign-draft.ts'
import type { ItemIndex } from './sync/item-index.ts'
import type { Verdict } from './verdict.ts'

/** Changes of our own to a CRDT document. */
export interface OwnChanges {
  readonly key: string
  readonly type: string
  readonly changes: readonly unknown[]
  readonly author: Author
}

export interface SetAdmissionParts {
  readonly kernel: Kernel
  readonly items: ItemIndex
  readonly sign: SignDraft
  check(record: WireRecord): RecordCheck
  customVerify(record: WireRecord, previous: WireRecord | undefined, then: (isAccepted: boolean) => void): void
  onStored(record: WireRecord): void
}

/** A set of our own changes that is shorter is gone on with. */
const TAIL_SIZE = 32_768
/** A key that others write at the same time (an engine that is shared) is read again so often. */
const COMMIT_TRIES = 5

export class SetAdmission {
  readonly #parts: SetAdmissionParts
  readonly #store: CrdtStore

  constructor(parts: SetAdmissionParts) {
    this.#parts = parts
    this.#store = new CrdtStore(parts)
  }

  /** A record that was verified. */
  store(
    record: WireRecord,
    then: (verdict: Verdict) => void,
    { isOurs = false, tries = COMMIT_TRIES }: { isOurs?: boolean; tries?: number } = {},
  ): void {
    const { kernel, customVerify, onStored } = this.#parts
    this.#store.open({ key: record.k, author: record.a, isOurs }, (open) => {
      if (!open.ok) return then({ kind: 'refused', code: open.code, error: open.error })
      const plan = this.#store.plan(record, open)
      if (plan.kind === 'held') {
        return this.#store.keepItem(record, open, () => then({ kind: 'unchanged', record, held: record }))
      }
      if (plan.kind === 'refused') return then(plan)
      const held = liveRecordOfRow(record.k, open.row, kernel.now)
      customVerify(record, held, (isAccepted) => {
        if (!isAccepted) return then({ kind: 'refused', code: 'CustomVerificationFailed' })
        this.#store.commit(record, open, plan, (outcome, failure) => {
          if (outcome === 'failed') return then({ kind: 'refused', code: 'STORE_FAILED', error: failure })
          if (outcome === 'conflict' && tries <= 1) return then({ kind: 'refused', code: 'TOO_BUSY' })
          if (outcome === 'conflict') return this.store(record, then, { isOurs, tries: tries - 1 })
          onStored(record)
          then({
            kind: 'stored',
            record,
            held: record,
            isShown: true,
            isClaim: false,
            text: plan.text,
            crdt: plan.news,
          })
        })
      })
    })
  }

  /**
   * Those of our changes that are not stored yet, as one signed set. They join the latest set while that is short, which is
   * then replaced: so there are few sets, and no change is signed and sent too often.
   */
  write({ key, type, changes, author }: OwnChanges, then: (verdict: Verdict) => void): void {
    this.#store.open({ key, author: author.address, isOurs: true }, (open) => {
      if (!open.ok) return then({ kind: 'refused', code: open.code, error: open.error })
      const own = changeSetOf({ v: changes, a: author.address, c: type })
      if (own === undefined) return then({ kind: 'refused', code: 'NoOwnChanges' })
      const { kind } = own
      const fresh = freshChanges(open, own)
      const whose = { author: author.address, kind }
      if (fresh.length === 0) {
        this.#store.latest(
          key,
          open,
          whose,
        )((record) => {
          if (record === undefined) then({ kind: 'refused', code: 'STORE_FAILED' })
          else then({ kind: 'unchanged', record, held: record })
        })
        return
      }
      this.#store.tail(key, open, { ...whose, sizeMax: TAIL_SIZE })((record) => {
        const before = record === undefined ? [] : (changeSetOf(record)?.changes ?? [])
        this.#sign({ key, kind, author, open }, inOrder(kind, [...before, ...fresh]), then)
      })
    })
  }

  #sign(
    { key, kind, author, open }: { key: string; kind: string; author: Author; open: OpenKey },
    changes: readonly unknown[],
    then: (verdict: Verdict) => void,
  ): void {
    const { kernel, sign, check } = this.#parts
    const value = writtenValue(changes)
    if ((utf8Length(value.text) ?? 0) > kernel.limits.crdtSetSizeMax) {
      then({ kind: 'refused', code: 'TOO_LARGE' })
      return
    }
    const heldAt = liveRecordOfRow(key, open.row, kernel.now)?.t
    sign({ key, value, author, type: kind, ttl: undefined }, heldAt, (record, error) => {
      if (record === undefined) return then({ kind: 'refused', code: 'SIGN_FAILED', error })
      const checked = check(record)
      if (!checked.ok) return then({ kind: 'refused', code: checked.code })
      this.store(record, then, { isOurs: true })
    })
  }
}
