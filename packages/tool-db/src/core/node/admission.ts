/**
 * A record's way in: full verification, whatever proof of work is asked for; then, in the lane of its key, custom
 * verification, load, comparison and commit as one step. Only what was committed is told to anybody.
 */

import { isCrdtRecord } from '../crdt/change-set.ts'
import type { Arrival, FrozenName } from '../records/frozen.ts'
import { decideFrozen, shownRecord } from '../records/frozen.ts'
import { namespaceOf } from '../records/key.ts'
import { wins } from '../records/order.ts'
import type { WireRecord } from '../records/record.ts'
import { recordText } from '../records/record-text.ts'
import { checkRecord, ownFault, type RecordRules } from '../records/verify.ts'
import type { RefusalCode } from './commands.ts'
import type { NodeConfig } from './config.ts'
import type { RowWrite } from './effects.ts'
import type { Kernel } from './kernel.ts'
import { commitRows, loadRows, type Rows } from './key-rows.ts'
import { type LaneJob, Lanes } from './lanes.ts'
import { isShallowEnough, isWithin } from './limits.ts'
import { Remembered } from './remembered.ts'
import {
  buriedRowKey,
  liveRecord,
  liveRecordOfRow,
  nameOfRows,
  recordOfRow,
  recordsOfName,
  recordsOfRows,
  rowsOfName,
  sideRows,
} from './rows.ts'
import { type OwnChanges, SetAdmission } from './set-admission.ts'
import type { SignDraft } from './sign-draft.ts'
import type { ItemChange, ItemIndex } from './sync/item-index.ts'
import type { OwnDraft, Verdict } from './verdict.ts'

export interface AdmissionHooks {
  hasVerifierFor(key: string): boolean
  /** Committed; nobody was told yet. */
  onStored(record: WireRecord): void
  /** One record may come from several sides. */
  bringsTwice(): boolean
}

export type CheckedContent =
  /** With the JSON of the value. */
  { readonly ok: true; readonly valueText: string } | { readonly ok: false; readonly code: RefusalCode }

/** What whoever admits a record wants to know besides. */
export interface AdmitHooks {
  readonly ahead?: Ahead | undefined
  /** Rows of a name, so many UTF-16 units long, are to be taken apart and written again for it: false where that is too much now. */
  readonly mayWriteName?: ((length: number) => boolean) | undefined
}

/** A record whose content holds. */
interface Incoming extends AdmitHooks {
  readonly record: WireRecord
  /** The JSON of its value. */
  readonly valueText: string
  readonly arrival: Arrival
}

/** What will have come of a record that holds, told as soon as it only has to be written. For readers: nothing is promised by it. */
export type Ahead = (verdict: Verdict) => void

/** What a record comes over: the rows as they were read, what lies there, and what it has to come behind. */
interface OverRows {
  readonly rows: Rows
  readonly tries: number
  readonly previous: WireRecord | undefined
  readonly held: WireRecord | undefined
}

/** A row that others write at the same time (an engine that is shared) is read again so often. */
const COMMIT_TRIES = 5
const HASH_TIME = 10 * 60_000
const HASHES_MAX = 16_384

export class Admission {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #hooks: AdmissionHooks
  readonly #rules: RecordRules
  readonly #lanes: Lanes
  readonly #items: ItemIndex
  readonly #sign: SignDraft
  /** Records whose signature was found good: a federation brings each of them several times. BOUNDED: HASHES_MAX, HASH_TIME. */
  readonly #verified: Remembered
  readonly #sets: SetAdmission
  #unverified = 0

  constructor(parts: { kernel: Kernel; config: NodeConfig; items: ItemIndex; sign: SignDraft }, hooks: AdmissionHooks) {
    this.#kernel = parts.kernel
    this.#items = parts.items
    this.#sign = parts.sign
    this.#config = parts.config
    this.#hooks = hooks
    this.#lanes = new Lanes(parts.kernel.limits.lanesMax)
    this.#verified = new Remembered(parts.kernel, { lifetime: HASH_TIME, countMax: HASHES_MAX })
    const { pow, records, topicPublicId, acceptTopics, isAddress } = parts.config
    const { sha256 } = parts.kernel
    this.#rules = { pow, records, topics: [topicPublicId, ...acceptTopics], isAddress, sha256 }
    this.#sets = new SetAdmission({
      kernel: parts.kernel,
      items: parts.items,
      sign: parts.sign,
      check: (record) => checkRecord(record, this.#rules, this.#kernel.now),
      customVerify: (record, previous, then) => this.#customVerify(record, previous, then),
      onStored: hooks.onStored,
    })
  }

  /** Records that wait for their verification, the application's included. */
  get unverified(): number {
    return this.#unverified
  }

  get lanes(): number {
    return this.#lanes.size
  }

  /** Work on a key while nobody else reads or writes it. */
  alone(key: string, job: LaneJob): void {
    this.#lanes.enter(key, job)
  }

  /** A record that came from outside. */
  admit(record: WireRecord, arrival: Arrival, then: (verdict: Verdict) => void, hooks: AdmitHooks = {}): void {
    this.#unverified++
    this.#lanes.enter(record.k, (leave) => {
      const end = (verdict: Verdict): void => {
        this.#unverified--
        then(verdict)
        leave()
      }
      this.#verify(record, (code, valueText = '') => {
        if (code !== undefined) end({ kind: 'refused', code })
        else if (isCrdtRecord(record)) this.#sets.store(record, end)
        else this.#store({ ...hooks, record, valueText, arrival }, end)
      })
    })
  }

  /** A record of our own: dated behind what is held, worked for, signed and stored in one step. */
  write(
    draft: OwnDraft & { readonly onlyIfFree: boolean; readonly claimAnew: boolean },
    then: (verdict: Verdict) => void,
  ): void {
    this.#lanes.enter(draft.key, (leave) => {
      const end = (verdict: Verdict): void => {
        then(verdict)
        leave()
      }
      loadRows(this.#kernel, draft.key, (rows, error) => {
        if (rows === undefined) return end({ kind: 'refused', code: 'STORE_FAILED', error })
        const held = liveRecordOfRow(draft.key, rows.row, this.#kernel.now)
        if (draft.onlyIfFree && held !== undefined) return end({ kind: 'refused', code: 'NAME_TAKEN' })
        // A later claim could only ever be kept as contested: whoever writes wants to be read.
        const isFrozen = namespaceOf(draft.key).kind === 'frozen'
        if (isFrozen && held !== undefined && held.a !== draft.author.address && !draft.claimAnew) {
          return end({ kind: 'refused', code: 'CantOverwrite' })
        }
        this.#sign(draft, this.#heldTime(draft, rows), (record, failure) => {
          if (record === undefined) return end({ kind: 'refused', code: 'SIGN_FAILED', error: failure })
          const fault = ownFault(record, this.#rules, this.#kernel.now)
          if (fault !== undefined) return end({ kind: 'refused', code: fault })
          const arrival: Arrival = { kind: draft.claimAnew ? 'anew' : 'live' }
          // Nobody else has written there meanwhile, or the commit says so.
          this.#storeOver({ record, valueText: draft.value.text, arrival }, end, {
            rows,
            tries: COMMIT_TRIES,
          })
        })
      })
    })
  }

  /** Changes of our own to a document, as one signed set. */
  writeChanges(draft: OwnChanges, then: (verdict: Verdict) => void): void {
    this.#lanes.enter(draft.key, (leave) => {
      this.#sets.write(draft, (verdict) => {
        then(verdict)
        leave()
      })
    })
  }

  /** All of a record's verification that needs no waiting: only its signature, and custom verification, are left. */
  check(record: WireRecord): CheckedContent {
    if (record.k.length > this.#kernel.limits.keyLengthMax) return { ok: false, code: 'InvalidKey' }
    const checked = checkRecord(record, this.#rules, this.#kernel.now)
    if (!checked.ok) return checked
    const { valueText } = checked
    // What would not fit into a message of ours would cut off whoever we send it to.
    return isWithin(valueText, this.#kernel.limits.valueSizeMax) && isShallowEnough(record.v, this.#kernel.limits)
      ? { ok: true, valueText }
      : { ok: false, code: 'TOO_LARGE' }
  }

  #verify(record: WireRecord, then: (code: RefusalCode | undefined, valueText?: string) => void): void {
    const checked = this.check(record)
    if (!checked.ok) {
      then(checked.code)
      return
    }
    const { valueText } = checked
    const name = this.#hooks.bringsTwice() ? `${record.h}${record.s}${record.a}` : undefined
    if (name !== undefined && this.#verified.has(name)) {
      then(undefined, valueText)
      return
    }
    this.#kernel.ask('verify', { text: record.h, address: record.a, signature: record.s }, (result) => {
      if (!result.ok) return then('TOO_BUSY')
      if (!result.value) return then('InvalidSignature')
      if (name !== undefined) this.#verified.add(name)
      then(undefined, valueText)
    })
  }

  #store(incoming: Incoming, then: (verdict: Verdict) => void, tries = COMMIT_TRIES): void {
    loadRows(this.#kernel, incoming.record.k, (rows, error) => {
      if (rows === undefined) return then({ kind: 'refused', code: 'STORE_FAILED', error })
      const length = (rows.row?.value.length ?? 0) + (rows.claims?.value.length ?? 0)
      const isName = namespaceOf(incoming.record.k).kind === 'frozen'
      if (isName && incoming.mayWriteName?.(length) === false) return then({ kind: 'refused', code: 'TOO_BUSY' })
      this.#storeOver(incoming, then, { rows, tries })
    })
  }

  /** `rows`: as they were read. */
  #storeOver(
    incoming: Incoming,
    then: (verdict: Verdict) => void,
    { rows, tries }: { readonly rows: Rows; readonly tries: number },
  ): void {
    const { record } = incoming
    const previous = recordOfRow(record.k, rows.row)
    const live = liveRecord(previous, this.#kernel.now)
    const go = (held: WireRecord | undefined): void => {
      this.#storeBehind(incoming, then, { rows, tries, previous, held })
    }
    if (previous === undefined || live !== undefined) {
      go(live)
      return
    }
    // It has ended, and is not removed yet.
    this.#kernel.ask('load', { keys: [buriedRowKey(record.k)] }, (result) => {
      if (result.ok) go(recordOfRow(record.k, result.value[0]))
      else then({ kind: 'refused', code: 'STORE_FAILED', error: result.error })
    })
  }

  #storeBehind(incoming: Incoming, then: (verdict: Verdict) => void, { rows, tries, previous, held }: OverRows): void {
    const { record } = incoming
    // The same again: nothing to ask anybody.
    if (held?.h === record.h && held.s === record.s) {
      this.#keepItem(incoming, rows, () => then({ kind: 'unchanged', record, held }))
      return
    }
    this.#customVerify(record, held, (isAccepted) => {
      if (!isAccepted) return then({ kind: 'refused', code: 'CustomVerificationFailed' })
      const plan = this.#plan(incoming, { row: rows.row, claims: rows.claims, held, previous })
      if (plan.kind === 'verdict') return this.#keepItem(incoming, rows, () => then(plan.verdict))
      incoming.ahead?.(plan.after)
      commitRows(
        this.#kernel,
        { key: record.k, rows, writes: [...plan.writes, ...plan.change.writes] },
        (outcome, failure) => {
          if (outcome === 'failed') return then({ kind: 'refused', code: 'STORE_FAILED', error: failure })
          if (outcome === 'committed') {
            plan.change.apply()
            this.#hooks.onStored(record)
            return then(plan.after)
          }
          if (tries <= 1) return then({ kind: 'refused', code: 'TOO_BUSY' })
          this.#store(incoming, then, tries - 1)
        },
      )
    })
  }

  /** Another server has it as well, and it is held: then it has an item, whatever came between. */
  #keepItem({ record, arrival }: Incoming, rows: Rows, then: () => void): void {
    const isHeld = (): boolean => recordsOfRows(record.k, rows.row, rows.claims).some(({ h }) => h === record.h)
    if (arrival.kind !== 'sync' || this.#items.hasRecord(record) || !isHeld()) {
      then()
      return
    }
    const change = this.#items.changeOf(record.k, [], [record])
    commitRows(this.#kernel, { key: record.k, rows, writes: change.writes }, (outcome) => {
      if (outcome === 'committed') change.apply()
      then()
    })
  }

  #plan(
    { record, valueText, arrival }: Incoming,
    rows: Rows & { readonly held: WireRecord | undefined; readonly previous: WireRecord | undefined },
  ):
    | { readonly kind: 'verdict'; readonly verdict: Verdict }
    | {
        readonly kind: 'write'
        readonly writes: readonly RowWrite[]
        readonly change: ItemChange
        readonly after: Verdict
      } {
    const { held, previous } = rows
    if (namespaceOf(record.k).kind !== 'frozen') {
      if (held !== undefined && !wins(record, held))
        return { kind: 'verdict', verdict: { kind: 'unchanged', record, held } }
      const isVouchedFor = arrival.kind === 'sync' && (arrival.certified || this.#items.isRepairing)
      if (previous === undefined && !isVouchedFor && this.#items.mayBeForgotten(record)) {
        return { kind: 'verdict', verdict: { kind: 'refused', code: 'Forgotten' } }
      }
      const text = recordText(record, valueText)
      const after: Verdict = { kind: 'stored', record, held: record, isShown: true, isClaim: false, text }
      const change = this.#items.changeOf(record.k, previous === undefined ? [] : [previous], [record])
      return { kind: 'write', writes: [{ key: record.k, value: text }, ...sideRows(record, previous)], change, after }
    }
    const name = nameOfRows(record.k, rows.row, rows.claims)
    const decision = decideFrozen(name, record, { arrival, now: this.#kernel.now, rules: this.#config.frozen })
    if (held !== undefined && held.a !== record.a && decision.kind !== 'unchanged') {
      this.#tellContested(held, record, decision.kind === 'replaced' ? 'remote' : 'local')
    }
    if (decision.kind === 'refused') return { kind: 'verdict', verdict: { kind: 'refused', code: decision.code } }
    if (decision.kind === 'unchanged') {
      return { kind: 'verdict', verdict: { kind: 'unchanged', record, held: held ?? record } }
    }
    // A contested claim is kept, and told to other servers, without readers seeing it.
    const shown = shownRecord(decision.name) ?? record
    // Our claim was the earlier one by its date alone, and gave that up.
    if (arrival.kind === 'anew' && held?.a === record.a && shown.a !== record.a)
      this.#tellContested(held, shown, 'remote')
    const isClaim = decision.kind === 'claimed' || arrival.kind === 'anew'
    const after: Verdict = {
      kind: 'stored',
      record,
      held: shown,
      isShown: shown.h !== held?.h,
      isClaim,
      text: undefined,
    }
    const writes = rowsOfName(record.k, decision.name, rows.claims !== undefined)
    const change = this.#items.changeOf(record.k, recordsOfName(name), recordsOfName(decision.name))
    return { kind: 'write', writes: [...writes, ...sideRows(shown, previous)], change, after }
  }

  #tellContested(held: WireRecord, record: WireRecord, winner: 'local' | 'remote'): void {
    this.#kernel.counters.add('names.contested')
    this.#kernel.emit({
      kind: 'name-conflict',
      conflict: {
        username: record.k,
        winner,
        localTimestamp: held.t,
        remoteTimestamp: record.t,
        localAddress: held.a,
        remoteAddress: record.a,
      },
    })
  }

  /** The time to come behind: of a frozen name only one's own, for another's date says nothing about one's claim. */
  #heldTime({ key, author }: OwnDraft, rows: Rows): number | undefined {
    if (namespaceOf(key).kind !== 'frozen') return liveRecordOfRow(key, rows.row, this.#kernel.now)?.t
    const name: FrozenName = nameOfRows(key, rows.row, rows.claims)
    return name.find((claim) => claim.first.a === author.address)?.last.t
  }

  #customVerify(record: WireRecord, previous: WireRecord | undefined, then: (isAccepted: boolean) => void): void {
    if (!this.#hooks.hasVerifierFor(record.k)) {
      then(true)
      return
    }
    this.#kernel.ask('custom-verify', { record, previous }, (result) => {
      this.#lanes.stepIn()
      then(result.ok && result.value)
    })
    this.#lanes.stepOut()
  }
}
