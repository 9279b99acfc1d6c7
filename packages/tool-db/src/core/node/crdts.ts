/**
 * CRDT documents between the application, the store and the others: what is written here goes out as a signed set of its
 * author's changes, what comes in is told as it came. Plain peers, who know of one document under one signature, get such a
 * document, signed by us, where nothing else would do.
 */

import type { Millis } from '@shoal/base'
import { changeSetOf } from '../crdt/change-set.ts'
import { namespaceOf } from '../records/key.ts'
import type { WireRecord } from '../records/record.ts'
import { KNOWN_HASH_LENGTH, KNOWN_SETS_MAX } from '../wire/fields.ts'
import type { CrdtGetMessage } from '../wire/message.ts'
import type { Admission } from './admission.ts'
import type { Command, CommandResult } from './commands.ts'
import { CrdtQuestion } from './crdt-question.ts'
import { CrdtReader, type SetsPage } from './crdt-reader.ts'
import { setRowKey } from './crdt-rows.ts'
import type { CrdtNews } from './crdt-store.ts'
import { countsOf, type Deliveries } from './delivery.ts'
import type { Fanout, Origin, Stored } from './fanout.ts'
import { HeavyReads } from './heavy-reads.ts'
import type { Kernel } from './kernel.ts'
import type { Listeners } from './listeners.ts'
import { MergedDocuments } from './merged-documents.ts'
import { has } from './peer.ts'
import type { Relays } from './relays.ts'
import type { Requests } from './requests.ts'
import type { Peer } from './session.ts'
import type { SignDraft } from './sign-draft.ts'
import type { Verdict } from './verdict.ts'

export interface CrdtsParts {
  readonly kernel: Kernel
  readonly clientId: string
  readonly isServer: boolean
  readonly peerAddress: string
  readonly admission: Admission
  readonly sign: SignDraft
  readonly requests: Requests
  readonly fanout: Fanout
  readonly relays: Relays
  readonly deliveries: Deliveries
  readonly listeners: Listeners
  servers(): Iterable<Peer>
  isWanted(key: string): boolean
  admitAnswer(peer: Peer, record: WireRecord, then: (verdict: Verdict) => void): void
}

/** Documents made for plain peers, which change with every set: so often at most, of one key. */
const MERGE_PACE: Millis = 1_000
const MERGES_MAX = 256
/** About a tenth of a core. Keys wait, and not askers. */
const MERGE_RATE = { lengthPerMs: 4_096, waitingMax: MERGES_MAX, waitingPerAskerMax: MERGES_MAX }
/** Pages that a subscription brings; who wants all of a larger document asks for it. */
const PAGES_ON_SUBSCRIPTION = 8

/** Of long documents, page by page: a tenth of a core, too. */
const PAGE_RATE = { lengthPerMs: 8_192, waitingPerAskerMax: 64 }
const PAGE_FORETASTE = 65_536

const isProven = (peer: Peer): boolean => peer.proven
const isPlain = (peer: Peer): boolean => !peer.proven

export class Crdts {
  readonly #parts: CrdtsParts
  readonly #reader: CrdtReader
  /** Keys of which plain peers are owed a merged document. BOUNDED: MERGES_MAX. */
  readonly #owed = new Map<string, { hasMore: boolean }>()
  readonly #merged: MergedDocuments
  /** Of peers that have had much. */
  readonly #pages: HeavyReads
  #reads = 0

  constructor(parts: CrdtsParts) {
    this.#parts = parts
    const { kernel, peerAddress, sign } = parts
    this.#reader = new CrdtReader(kernel)
    this.#pages = new HeavyReads({ kernel, ...PAGE_RATE, waitingMax: kernel.limits.readsMax })
    this.#merged = new MergedDocuments({
      kernel,
      reader: this.#reader,
      heavy: new HeavyReads({ kernel, ...MERGE_RATE }),
      peerAddress,
      sign,
    })
  }

  put(command: Command & { kind: 'crdt-put' }, answer: (result: CommandResult) => void): void {
    const { admission, deliveries, kernel, servers } = this.#parts
    const { key, type, changes, author, confirm, timeout } = command
    const startedAt = kernel.steady
    const size = Math.min(kernel.limits.crdtSetSizeMax, JSON.stringify(changes).length)
    deliveries.enter({ key: undefined, size, timeout }, (place) => {
      if (place === undefined) return answer({ kind: 'refused', code: 'TOO_BUSY' })
      admission.writeChanges({ key, type, changes, author }, (verdict) => {
        if (verdict.kind === 'refused') {
          place.release()
          const { code, error } = verdict
          return answer({ kind: 'refused', code, ...(error !== undefined && { error }) })
        }
        const { record } = verdict
        const news = verdict.kind === 'stored' ? verdict.crdt : undefined
        const text = verdict.kind === 'stored' ? verdict.text : undefined
        const replaced = news?.replaced ?? []
        const sending = deliveries.add(record, { to: command.to ?? [], size, place, text, replaced })
        const { message } = sending
        if (confirm !== 0) {
          const left = Math.max(0, timeout - (kernel.steady - startedAt))
          deliveries.wait(sending, { needed: confirm, timeout: left }, (counts) => {
            answer({ kind: 'put', message, ...counts })
          })
        }
        deliveries.send(sending, servers())
        if (news !== undefined) this.#tellReaders({ record, text }, news)
        if (confirm === 0) answer({ kind: 'put', message, ...countsOf(sending) })
      })
    })
  }

  /** What is here, after the servers were asked: a client that is not subscribed may hold nothing but its own changes. */
  get(command: Command & { kind: 'crdt-get' }, answer: (result: CommandResult) => void): void {
    const { key, type: kind, known } = command
    const finish = (complete: boolean): void => {
      this.#reader.document(key, { kind, known }, (document, error) => {
        if (document === undefined) answer({ kind: 'refused', code: 'STORE_FAILED', error })
        else answer({ kind: 'crdt-get', ...document, complete })
      })
    }
    this.#knownHashes(key, (hashes) => {
      if (hashes.length > 0 && (this.#parts.isServer || this.#parts.isWanted(key))) return finish(true)
      const ask = { key, to: [...(command.to ?? []), this.#parts.clientId], known: hashes }
      this.#question(ask, { timeout: command.timeout, waits: hashes.length === 0 }, finish)
    })
  }

  /** Another's read. */
  handleGet(peer: Peer, message: CrdtGetMessage): void {
    this.#serve(peer, message.id, (end) => {
      if (!has(peer, 'crdt')) {
        this.#sendMerged(peer, message, end)
        return
      }
      const wish = { known: new Set(message.known ?? []), after: message.after }
      this.#page(peer, { key: message.key, ...wish }, (page, error) => {
        if (page === 'busy') return end('RATE_LIMITED')
        if (page === undefined) return end('STORE_FAILED', error)
        if (peer.session.state.kind === 'closed') return end(undefined)
        const { records, next } = page
        const isNothing = records.length === 0 && next === undefined && wish.after === undefined
        if (isNothing && wish.known.size === 0) return this.#relay(peer, message, end)
        end(undefined)
        const { id } = message
        this.#parts.fanout.answer(peer, {
          type: 'crdtSets',
          id,
          to: [],
          sets: records,
          ...(next !== undefined && { next }),
        })
      })
    })
  }

  /** The document that there is, for one who has subscribed to it. */
  handleSubscribed(peer: Peer, { id, key }: { readonly id: string; readonly key: string }): void {
    this.#serve(peer, id, (end) => {
      if (!peer.proven) {
        this.#sendMerged(peer, { id, key, to: [], type: 'crdtGet' }, () => end(undefined))
        return
      }
      const sendPage = (after: string | undefined, pages: number): void => {
        this.#page(peer, { key, known: new Set(), after }, (page) => {
          if (page === 'busy') return end('RATE_LIMITED')
          if (page === undefined || peer.session.state.kind === 'closed') return end(undefined)
          for (const data of page.records) this.#parts.fanout.answer(peer, { type: 'crdtPut', id, to: [], data })
          if (page.next === undefined || pages >= PAGES_ON_SUBSCRIPTION) end(undefined)
          else sendPage(page.next, pages + 1)
        })
      }
      sendPage(undefined, 1)
    })
  }

  /** A set of somebody else's that is new here: to the other servers, to subscribers, to listeners. */
  tell(stored: Stored, news: CrdtNews, origin: Origin & { readonly peer: Peer }): void {
    const { record } = stored
    const row = setRowKey(record.k, { author: record.a, hash: record.h, kind: news.counted.c ?? '' })
    this.#parts.relays.relay(stored, origin, { row, ...(news.isLate && { audience: isProven }) })
    this.#tellReaders(stored, news, origin.peer)
  }

  /** Listeners hear of the whole document once, and then of what is new. */
  show(key: string, held: WireRecord): void {
    const kind = changeSetOf(held)?.kind
    if (kind === undefined) return
    this.#reader.document(key, { kind, known: new Set() }, (document) => {
      if (document === undefined) return
      const v = [...document.unsigned, ...document.sets.flatMap(({ changes }) => changes)]
      this.#parts.listeners.trigger(key, { ...held, v, c: kind })
    })
  }

  #tellReaders(stored: Stored, news: CrdtNews, author?: Peer): void {
    const { fanout, listeners } = this.#parts
    const { record } = stored
    fanout.push(stored, author, news.isLate ? isProven : undefined)
    if (news.isLate) this.#owe(record.k)
    listeners.trigger(record.k, news.counted)
  }

  /** Plain peers drop a set that is dated before the one they hold: they get the merged document, dated now. */
  #owe(key: string): void {
    const { kernel, fanout, clientId } = this.#parts
    const owed = this.#owed.get(key)
    if (owed !== undefined) {
      owed.hasMore = true
      return
    }
    if (this.#owed.size >= MERGES_MAX || !fanout.hasPlain(key)) return
    this.#owed.set(key, { hasMore: false })
    this.#merged.of(key, undefined, (merged) => {
      // In a private namespace only its owner's own records verify.
      if (merged.kind === 'made' && isTakenAt(key, merged.record.a)) {
        const stored = { record: merged.record, text: undefined }
        fanout.relay(stored, { to: [clientId] }, isPlain)
        fanout.push(stored, undefined, isPlain)
      }
      kernel.after(MERGE_PACE, () => {
        const { hasMore } = this.#owed.get(key) ?? { hasMore: false }
        this.#owed.delete(key)
        if (hasMore) this.#owe(key)
      })
    })
  }

  #sendMerged(peer: Peer, message: CrdtGetMessage, end: (code: string | undefined, error?: unknown) => void): void {
    this.#merged.of(message.key, peer, (merged) => {
      switch (merged.kind) {
        case 'made':
          end(undefined)
          if (peer.session.state.kind === 'closed') return
          this.#parts.fanout.send(peer, { type: 'crdtPut', id: message.id, to: [], data: merged.record })
          return
        case 'none':
          this.#relay(peer, message, end)
          return
        case 'busy':
          end('RATE_LIMITED')
          return
        case 'failed':
          end('STORE_FAILED', merged.error)
          return
      }
    })
  }

  /** Nothing is here: the other servers are asked, and then it is looked at again. */
  #relay(peer: Peer, message: CrdtGetMessage, end: (code: string | undefined, error?: unknown) => void): void {
    const { kernel, clientId, isServer } = this.#parts
    const had = new Set([...message.to, clientId, peer.clientId])
    const targets = isServer ? [...this.#parts.servers()].filter((server) => !had.has(server.clientId)) : []
    const { relayedGetsPerPeerMax, relayTimeout } = kernel.limits
    if (targets.length === 0) {
      end('NOT_FOUND')
      return
    }
    if (peer.session.relayedGets >= relayedGetsPerPeerMax) {
      kernel.counters.add('refused.relayed-gets')
      end('RATE_LIMITED')
      return
    }
    peer.session.relayedGets++
    const to = [...had, ...targets.map((server) => server.clientId)].slice(0, RELAY_TO_MAX)
    const ask = { key: message.key, to, known: [], takesNewcomers: false, isOurs: false }
    const question = new CrdtQuestion(this.#parts, ask, (complete) => {
      peer.session.relayedGets--
      end(undefined)
      this.#knownHashes(message.key, (hashes) => {
        if (peer.session.state.kind === 'closed') return
        if (hashes.length === 0) this.#refuse(peer, message.id, complete ? 'NOT_FOUND' : 'TOO_BUSY')
        else this.handleGet(peer, message)
      })
    })
    if (this.#parts.requests.add(question, relayTimeout)) question.start(targets)
    else question.handleTimeout()
  }

  #question(
    ask: { key: string; to: readonly string[]; known: readonly string[] },
    wish: { timeout: Millis; waits: boolean },
    then: (complete: boolean) => void,
  ): void {
    const servers = [...this.#parts.servers()].filter((server) => !ask.to.includes(server.clientId))
    // Who has something and is connected to nobody goes on with that.
    if (servers.length === 0 && !wish.waits) {
      then(false)
      return
    }
    const question = new CrdtQuestion(this.#parts, { ...ask, takesNewcomers: wish.waits, isOurs: true }, then)
    if (this.#parts.requests.add(question, wish.timeout)) question.start(servers)
    else then(false)
  }

  /** For somebody else: whoever has had much, or asks for much at a time, waits for his turn, and nobody else does. */
  #page(
    peer: Peer,
    wish: { readonly key: string; readonly known: ReadonlySet<string>; readonly after: string | undefined },
    then: (page: SetsPage | 'busy' | undefined, error?: unknown) => void,
  ): void {
    const { kernel } = this.#parts
    const { answers } = peer.session
    const isSpent = answers.isSpent(kernel.steady)
    // How long it is is known when it is read: many could be under way by then.
    answers.note(kernel.steady, PAGE_FORETASTE)
    const read = (done: (length: number) => void): void => {
      this.#reader.page(wish.key, wish, (page, error) => {
        done(page?.length ?? 0)
        then(page, error)
      })
    }
    if (!isSpent) read(() => undefined)
    else if (!this.#pages.enter(peer, read)) then('busy')
  }

  #knownHashes(key: string, then: (hashes: readonly string[]) => void): void {
    this.#reader.names(key, KNOWN_SETS_MAX, (names) => {
      then((names ?? []).map(({ hash }) => hash.slice(0, KNOWN_HASH_LENGTH)))
    })
  }

  /** Reads for others are bounded; whoever has gone meanwhile gets nothing. */
  #serve(peer: Peer, id: string, work: (end: (code: string | undefined, error?: unknown) => void) => void): void {
    const { kernel } = this.#parts
    if (this.#reads >= kernel.limits.readsMax) {
      kernel.counters.add('refused.reads')
      this.#refuse(peer, id, 'RATE_LIMITED')
      return
    }
    this.#reads++
    work((code) => {
      this.#reads--
      if (code !== undefined && peer.session.state.kind !== 'closed') this.#refuse(peer, id, code)
    })
  }

  #refuse(peer: Peer, id: string, code: string): void {
    if (has(peer, 'ack')) this.#parts.fanout.send(peer, { type: 'ack', id, to: [], code })
  }
}

/** Below what is taken: the servers asked add themselves. */
const RELAY_TO_MAX = 192

function isTakenAt(key: string, author: string): boolean {
  const namespace = namespaceOf(key)
  return namespace.kind !== 'private' || namespace.owner === author
}
