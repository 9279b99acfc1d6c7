/**
 * Asking servers for a document. Shoal servers give each signed set, page by page, but for those that are here; a plain one
 * gives what it has in one message, if it has anything. What comes is verified and stored like any other record.
 */

import { changeSetOf, isCrdtRecord } from '../crdt/change-set.ts'
import { recordHash } from '../records/hash.ts'
import type { WireRecord } from '../records/record.ts'
import type { CrdtSetsMessage } from '../wire/message.ts'
import type { RefusalCode } from './commands.ts'
import type { Fanout } from './fanout.ts'
import type { Kernel } from './kernel.ts'
import { has } from './peer.ts'
import type { Answer, Request, Requests } from './requests.ts'
import type { Peer } from './session.ts'
import type { Verdict } from './verdict.ts'

export interface CrdtQuestionParts {
  readonly kernel: Kernel
  readonly requests: Requests
  readonly fanout: Fanout
  admitAnswer(peer: Peer, record: WireRecord, then: (verdict: Verdict) => void): void
}

/** Refusals that say nothing about the record. */
const OURS: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['TOO_BUSY', 'STORE_FAILED'])
/** Of one server's answer. */
const PAGES_MAX = 1_000

export interface CrdtAsk {
  readonly key: string
  readonly to: readonly string[]
  /** Beginnings of the hashes of the sets that are here. */
  readonly known: readonly string[]
  readonly takesNewcomers: boolean
  /** The application asked, and may ask again: what is slower than the time-out is kept for that. */
  readonly isOurs: boolean
}

export class CrdtQuestion implements Request {
  readonly id: string
  readonly #parts: CrdtQuestionParts
  readonly #ask: CrdtAsk
  readonly #then: (complete: boolean) => void
  /** How many pages each has given. BOUNDED: by the servers. */
  readonly #pending = new Map<Peer, number>()
  /** Of whom a page is being verified, so that one page at a time is. BOUNDED: by the servers. */
  readonly #judging = new Set<Peer>()
  #asked = 0
  #isUnsure = false
  #isDone = false

  constructor(parts: CrdtQuestionParts, ask: CrdtAsk, then: (complete: boolean) => void) {
    this.id = parts.kernel.messageId()
    this.#parts = parts
    this.#ask = ask
    this.#then = then
  }

  start(servers: readonly Peer[]): void {
    this.#asked += servers.length
    for (const server of servers) {
      this.#pending.set(server, 0)
      this.#askPage(server, undefined)
    }
  }

  handleAnswer(peer: Peer, answer: Answer): void {
    if (!this.#pending.has(peer) || this.#judging.has(peer)) return
    switch (answer.type) {
      case 'ack':
        this.#doneWith(peer, answer.code === 'NOT_FOUND')
        return
      case 'crdtSets':
        this.#handlePage(peer, answer)
        return
      case 'put':
      case 'crdtPut':
        this.#handleRecord(peer, answer.data)
        return
    }
  }

  handleServer(peer: Peer): void {
    if (this.#ask.takesNewcomers && !this.#ask.to.includes(peer.clientId)) this.start([peer])
  }

  handleGone(peer: Peer): void {
    this.#judging.delete(peer)
    if (!this.#pending.delete(peer)) return
    if (this.#isDone || this.#pending.size > 0) this.#check()
  }

  handleTimeout(): void {
    this.#end(false)
  }

  #askPage(peer: Peer, after: string | undefined): void {
    const { key, to, known } = this.#ask
    const ours = has(peer, 'crdt') ? { known, ...(after !== undefined && { after }) } : {}
    this.#parts.fanout.send(peer, { type: 'crdtGet', id: this.id, to, key, ...ours })
  }

  #handlePage(peer: Peer, { sets, next }: CrdtSetsMessage): void {
    const pages = (this.#pending.get(peer) ?? 0) + 1
    const mine = sets.filter((record) => record.k === this.#ask.key)
    this.#judging.add(peer)
    this.#admitAll(peer, mine, () => {
      this.#judging.delete(peer)
      if (!this.#pending.has(peer)) return
      if (this.#isDone || next === undefined || pages >= PAGES_MAX) {
        this.#doneWith(peer, next === undefined)
        return
      }
      this.#pending.set(peer, pages)
      this.#askPage(peer, next)
    })
  }

  /** One after the other: a page that is too much for us holds up nobody else's records. */
  #admitAll(peer: Peer, records: readonly WireRecord[], then: () => void): void {
    let left = records.length
    if (left === 0) {
      then()
      return
    }
    for (const record of records) {
      this.#parts.admitAnswer(peer, record, (verdict) => {
        if (verdict.kind === 'refused' && OURS.has(verdict.code)) this.#isUnsure = true
        if (--left === 0) then()
      })
    }
  }

  #handleRecord(peer: Peer, record: WireRecord): void {
    if (record.k !== this.#ask.key || !isCrdtRecord(record)) return
    this.#judging.add(peer)
    this.#admitAll(peer, [peer.proven ? record : this.#asSigned(record)], () => {
      this.#judging.delete(peer)
      if (this.#pending.has(peer)) this.#doneWith(peer, true)
    })
  }

  /**
   * A plain server merges what it is sent into what it holds, under the signature of the last writer. Where that writer sent
   * nothing but changes of his own, his record can be had back.
   */
  #asSigned(record: WireRecord): WireRecord {
    const { sha256 } = this.#parts.kernel
    if (recordHash(record, sha256) === record.h) return record
    const own = changeSetOf(record)?.changes
    return own === undefined ? record : { ...record, v: own }
  }

  /** `isFinal`: it has given all that it has. */
  #doneWith(peer: Peer, isFinal: boolean): void {
    this.#pending.delete(peer)
    this.#isUnsure ||= !isFinal
    this.#check()
  }

  #check(): void {
    if (this.#pending.size === 0 && this.#asked > 0) this.#end(!this.#isUnsure)
  }

  #end(complete: boolean): void {
    const { requests } = this.#parts
    if (!this.#ask.isOurs || this.#pending.size === 0) requests.remove(this.id)
    else if (!this.#isDone) requests.letLate(this)
    if (this.#isDone) return
    this.#isDone = true
    this.#then(complete)
  }
}
