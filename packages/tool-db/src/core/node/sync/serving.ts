/**
 * What other servers ask: how our items compare with theirs, and records. Nothing is kept between two questions, one is answered at a
 * time, in turn for each asker, and all of them together get a share of one core.
 */

import { fromBase64, toBase64 } from '@shoal/base'
import type { ItemTree } from '../../sync/item-tree.ts'
import { reconcile, type Step } from '../../sync/reconcile.ts'
import { packItem, type SyncItem } from '../../sync/sync-item.ts'
import { parseSync, parseWant, serialiseSync } from '../../sync/sync-message.ts'
import type { SyncAskMessage, SyncWantMessage } from '../../wire/message.ts'
import type { Fanout } from '../fanout.ts'
import { HeavyReads } from '../heavy-reads.ts'
import type { Kernel } from '../kernel.ts'
import type { Peer } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import type { ItemIndex } from './item-index.ts'
import { PrefixSets } from './prefix-sets.ts'
import { RecordReader } from './record-reader.ts'

/** Of the thousandths of a millisecond in each, those that answers may take. */
const MICROS_PER_MS = 300
/** Clients, of whom there are more, and who ask for what has to be gathered first, have a share by themselves. */
const PREFIX_MICROS_PER_MS = 100
/** Of a row read for a prefix, its record parsed and hashed. */
const MICROS_PER_ROW = 25
/** Of one item expanded, and of one record read, checked and sent. */
const MICROS_PER_ITEM = 2
const MICROS_PER_RECORD = 15
/** Of a long row, read and parsed. */
const LENGTH_PER_MICRO = 100
const WAITING_MAX = 64
const WAITING_PER_PEER_MAX = 4

/** Records of one answer, and their size. */
export const RECORDS_PER_ANSWER_MAX = 256
const ANSWER_SIZE_MAX = 262_144

export interface ServingParts {
  readonly kernel: Kernel
  readonly items: ItemIndex
  readonly sessions: Sessions
  readonly fanout: Fanout
  /** What the asker has and we lack. */
  onNeed(peer: Peer, step: Step): void
}

/** What is compared: everything, or what begins with a prefix. */
interface Compared {
  readonly tree: ItemTree
  settle(then: () => void): void
}

export class Serving {
  readonly #parts: ServingParts
  readonly #reads: HeavyReads
  /** Of clients. */
  readonly #prefixReads: HeavyReads
  readonly #prefixes: PrefixSets
  readonly #reader: RecordReader

  constructor(parts: ServingParts) {
    this.#parts = parts
    this.#reader = new RecordReader(parts)
    this.#prefixes = new PrefixSets(parts)
    const bounds = { kernel: parts.kernel, waitingMax: WAITING_MAX, waitingPerAskerMax: WAITING_PER_PEER_MAX }
    this.#reads = new HeavyReads({ ...bounds, lengthPerMs: MICROS_PER_MS })
    this.#prefixReads = new HeavyReads({ ...bounds, lengthPerMs: PREFIX_MICROS_PER_MS })
  }

  get prefixes(): number {
    return this.#prefixes.size
  }

  handleAsk(peer: Peer, { id, salt, data, prefix }: SyncAskMessage): void {
    const { kernel } = this.#parts
    const salted = fromBase64(salt)
    const bytes = fromBase64(data)
    const parsed = bytes === undefined ? undefined : parseSync(bytes)
    if (salted === undefined || parsed?.ok !== true) {
      this.#malformed(peer)
      return
    }
    this.#enter(peer, { id, prefix }, ({ tree, settle }, done) => {
      settle(() => {
        const step = reconcile(tree, parsed.message, { sha256: kernel.sha256, salt: salted })
        this.#answer(peer, () => {
          const told = toBase64(serialiseSync(step.reply))
          kernel.counters.add('sync.compared-bytes', told.length)
          this.#parts.fanout.send(peer, { type: 'syncTell', id, to: [], data: told })
          // What a client has written it puts; nobody fetches it from there.
          if (prefix === undefined) this.#parts.onNeed(peer, step)
        })
        done(MICROS_PER_RECORD + step.work * MICROS_PER_ITEM)
      })
    })
  }

  handleWant(peer: Peer, { id, data, prefix }: SyncWantMessage): void {
    const bytes = fromBase64(data)
    const want = bytes === undefined ? undefined : parseWant(bytes)
    if (want === undefined) {
      this.#malformed(peer)
      return
    }
    this.#enter(peer, { id, prefix }, ({ tree }, done) => {
      if (want.kind === 'items') {
        const asked = want.items.slice(0, RECORDS_PER_ANSWER_MAX)
        this.#sendRecords(peer, id, asked, undefined, done)
        return
      }
      const first = tree.rank(want.range.from)
      const end = tree.rank(want.range.to)
      const last = Math.min(end, first + RECORDS_PER_ANSWER_MAX)
      const next = last < end ? tree.packedAt(last).slice() : undefined
      this.#sendRecords(peer, id, tree.items(first, last), { next }, done)
    })
  }

  /** `range`: that it goes on at this place, or ends. */
  #sendRecords(
    peer: Peer,
    id: string,
    asked: readonly SyncItem[],
    range: { readonly next: Uint8Array | undefined } | undefined,
    done: (length: number) => void,
  ): void {
    this.#reader.read(asked, ANSWER_SIZE_MAX, (read) => {
      const texts: string[] = []
      let size = 0
      let looked = 0
      for (const record of read?.texts ?? []) {
        const length = record?.length ?? 0
        if (size > 0 && size + length > ANSWER_SIZE_MAX) break
        looked++
        size += length
        if (record !== undefined) texts.push(record)
      }
      const cut = asked[looked]
      const next = cut === undefined ? range?.next : packItem(cut)
      const more = range === undefined ? `,"looked":${looked}` : next === undefined ? '' : `,"next":"${toBase64(next)}"`
      this.#answer(peer, () => {
        if (read === undefined) this.#refuse(peer, id, 'STORE_FAILED')
        else
          this.#parts.fanout.sendText(
            peer,
            `{"type":"syncRecords","id":${JSON.stringify(id)},"to":[],"records":[${texts.join(',')}]${more}}`,
          )
      })
      done(MICROS_PER_RECORD * (1 + (read?.texts.length ?? 0)) + (read?.length ?? 0) / LENGTH_PER_MICRO)
    })
  }

  #enter(
    peer: Peer,
    { id, prefix }: { readonly id: string; readonly prefix: string | undefined },
    read: (compared: Compared, done: (micros: number) => void) => void,
  ): void {
    const { items } = this.#parts
    const isTaken =
      items.isReady &&
      (prefix === undefined
        ? this.#reads.enter(peer, (done) => read({ tree: items.tree, settle: (then) => items.settle(then) }, done))
        : this.#prefixReads.enter(peer, (done) => this.#readPrefix(peer, { id, prefix }, { read, done })))
    if (!isTaken) this.#refuse(peer, id, 'TOO_BUSY')
  }

  #readPrefix(
    peer: Peer,
    { id, prefix }: { readonly id: string; readonly prefix: string },
    {
      read,
      done,
    }: {
      readonly read: (compared: Compared, done: (micros: number) => void) => void
      readonly done: (micros: number) => void
    },
  ): void {
    this.#prefixes.get(prefix, (set, rows) => {
      const gathering = rows * MICROS_PER_ROW
      if (typeof set !== 'string') {
        read({ tree: set.tree, settle: (then) => set.settle(then) }, (micros) => done(gathering + micros))
        return
      }
      this.#answer(peer, () => this.#refuse(peer, id, set === 'failed' ? 'STORE_FAILED' : 'TOO_LARGE'))
      done(MICROS_PER_RECORD + gathering)
    })
  }

  #answer(peer: Peer, send: () => void): void {
    if (peer.session.state.kind === 'connected') send()
  }

  #refuse(peer: Peer, id: string, code: string): void {
    this.#parts.fanout.send(peer, { type: 'ack', id, to: [], code })
  }

  #malformed(peer: Peer): void {
    this.#parts.kernel.counters.add('rejected.bad-sync')
    this.#parts.sessions.fault(peer.session, 'malformed')
  }
}
