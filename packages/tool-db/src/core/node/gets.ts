/**
 * Reading a key: from here, else from the servers. A server that has none asks the others, and passes on only what it has
 * verified. Nobody ever sees a record that was not.
 */

import type { Millis } from '@shoal/base'
import { isCrdtRecord } from '../crdt/change-set.ts'
import type { FrozenName } from '../records/frozen.ts'
import { namespaceOf } from '../records/key.ts'
import type { WireRecord } from '../records/record.ts'
import type { GetMessage, SubscribeMessage } from '../wire/message.ts'
import type { Command, RefusalCode } from './commands.ts'
import type { HeldRow } from './effects.ts'
import type { Fanout } from './fanout.ts'
import { HeavyReads } from './heavy-reads.ts'
import type { Kernel } from './kernel.ts'
import { has } from './peer.ts'
import { type Answer, type Request, type Requests, TOO_MANY_REQUESTS } from './requests.ts'
import { claimsKey, liveRecordOfRow, nameOfRows } from './rows.ts'
import type { Peer } from './session.ts'
import type { Verdict } from './verdict.ts'

export interface GetsParts {
  readonly kernel: Kernel
  readonly requests: Requests
  readonly fanout: Fanout
  readonly clientId: string
  readonly isServer: boolean
  servers(): Iterable<Peer>
  /** We subscribed to it, so it is as new here as it is there. */
  isWanted(key: string): boolean
  /** What a subscriber to a CRDT document gets. */
  sendDocument(peer: Peer, message: SubscribeMessage): void
  /** An answer is a record like any other, and verified like any other. One that holds is told when it is to be written, and again when it is. */
  admitAnswer(peer: Peer, record: WireRecord, then: (verdict: Verdict) => void): void
}

/** 16 MB a second, all together: a tenth of a core. */
const HEAVY = { lengthPerMs: 16_384, waitingPerAskerMax: 256 }
/** A shorter answer costs little more than its question. */
const LONG = 16_384

/** Refusals that say nothing about the record. */
const OURS: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['TOO_BUSY', 'STORE_FAILED'])

interface KeyAsk {
  readonly key: string
  readonly to: readonly string[]
  readonly takesNewcomers: boolean
  /** The application asked, and may ask again. */
  readonly isOurs: boolean
}

const ENDED = (): void => undefined

/**
 * A question to several servers about one key: answered with the first record that holds, or when all have said no. What the
 * others say later is kept for the next read.
 */
class KeyQuestion implements Request {
  readonly id: string
  readonly #parts: GetsParts
  readonly #ask: KeyAsk
  /** BOUNDED: by the servers. */
  readonly #pending = new Set<Peer>()
  #then: (record: WireRecord | undefined, complete: boolean) => void
  /** Each server's first answer counts: it can't have us verify one after the other. BOUNDED: by the servers. */
  readonly #judged = new Set<Peer>()
  #asked = 0
  #isUnsure = false
  #isDone = false

  constructor(parts: GetsParts, ask: KeyAsk, then: (record: WireRecord | undefined, complete: boolean) => void) {
    this.id = parts.kernel.messageId()
    this.#parts = parts
    this.#ask = ask
    this.#then = then
  }

  start(servers: readonly Peer[]): void {
    for (const server of servers) this.#pending.add(server)
    this.#asked += servers.length
    const { key, to } = this.#ask
    this.#parts.fanout.sendAll(servers, { type: 'get', id: this.id, to, key })
  }

  handleAnswer(peer: Peer, answer: Answer): void {
    if (!this.#pending.has(peer)) return
    if (answer.type === 'ack') {
      this.#no(peer, answer.code === 'NOT_FOUND')
      return
    }
    if (answer.type !== 'put' || answer.data.k !== this.#ask.key || this.#judged.has(peer)) return
    this.#judged.add(peer)
    this.#parts.admitAnswer(peer, answer.data, (verdict) => {
      if (verdict.kind === 'refused') this.#no(peer, !OURS.has(verdict.code))
      else {
        this.#pending.delete(peer)
        this.#end(verdict.held, true)
      }
    })
  }

  handleServer(peer: Peer): void {
    if (this.#ask.takesNewcomers && !this.#ask.to.includes(peer.clientId)) this.start([peer])
  }

  handleGone(peer: Peer): void {
    if (!this.#pending.delete(peer)) return
    if (this.#isDone || this.#pending.size > 0) this.#checkAllSaidNo()
  }

  handleTimeout(): void {
    this.#end(undefined, false)
  }

  /** `isFinal`: it has none, or a false one; else it, or we, had no time for the question. */
  #no(peer: Peer, isFinal: boolean): void {
    this.#pending.delete(peer)
    this.#isUnsure ||= !isFinal
    this.#checkAllSaidNo()
  }

  #checkAllSaidNo(): void {
    if (this.#pending.size === 0 && this.#asked > 0) this.#end(undefined, !this.#isUnsure)
  }

  #end(record: WireRecord | undefined, complete: boolean): void {
    const { requests } = this.#parts
    if (!this.#ask.isOurs || this.#pending.size === 0) requests.remove(this.id)
    else if (!this.#isDone) requests.letLate(this)
    if (this.#isDone) return
    this.#isDone = true
    const then = this.#then
    // The answer is not held for as long as others are awaited.
    this.#then = ENDED
    then(record, complete)
  }
}

export class Gets {
  readonly #parts: GetsParts
  /** Keys that are asked for in the background. BOUNDED: by the requests. */
  readonly #refreshing = new Set<string>()
  #reads = 0
  #relayed = 0

  /** Of peers that have had much. */
  readonly #heavy: HeavyReads

  constructor(parts: GetsParts) {
    this.#parts = parts
    const { kernel } = parts
    this.#heavy = new HeavyReads({ kernel, ...HEAVY, waitingMax: kernel.limits.readsMax })
  }

  get relayed(): number {
    return this.#relayed
  }

  /** The application's read. */
  get(
    command: Command & { kind: 'get' },
    then: (record: WireRecord | undefined, complete: boolean, error?: unknown) => void,
  ): void {
    this.#read(command.key, (held, error) => {
      if (error !== undefined) return then(undefined, false, error)
      const to = [...(command.to ?? []), this.#parts.clientId]
      if (held !== undefined) {
        then(held, true)
        this.#refresh(command.key, to, command.timeout)
        return
      }
      this.#question(
        { key: command.key, to, takesNewcomers: true, isOurs: true },
        command.timeout,
        (record, complete, error) => {
          if (record !== undefined || complete || error !== undefined) return then(record, complete, error)
          // Out of time: it may have come another way meanwhile.
          this.#read(command.key, (late) => then(late, late !== undefined))
        },
      )
    })
  }

  /** What a client holds may be old, unless it subscribed: the answer is stored for the next read. */
  #refresh(key: string, to: readonly string[], timeout: Millis): void {
    if (this.#parts.isServer || this.#parts.isWanted(key) || this.#refreshing.has(key)) return
    this.#refreshing.add(key)
    this.#question({ key, to, takesNewcomers: false, isOurs: true }, timeout, () => this.#refreshing.delete(key))
  }

  /** Another's read. */
  handleGet(peer: Peer, message: GetMessage): void {
    const { fanout } = this.#parts
    this.#readFor(peer, message, (held, error, text) => {
      if (held !== undefined) fanout.answerPut(peer, { type: 'put', id: message.id, to: [], data: held }, text)
      else if (error !== undefined) this.#refuse(peer, message.id, 'STORE_FAILED')
      else this.#relay(peer, message)
    })
  }

  /** The value there is, for one who has subscribed. */
  handleSubscribed(peer: Peer, message: SubscribeMessage): void {
    this.#readFor(peer, message, (held, _error, text) => {
      if (held === undefined) return
      if (isCrdtRecord(held)) {
        this.#parts.sendDocument(peer, message)
        return
      }
      this.#parts.fanout.answerPut(peer, { type: 'put', id: message.id, to: [], data: held }, text)
      if (peer.proven && message.prefix !== true) this.#sendClaims(peer, message.key)
    })
  }

  /** Who watches a name alone hears of the claims of others too, which readers are not shown. */
  #sendClaims(peer: Peer, key: string): void {
    if (namespaceOf(key).kind !== 'frozen') return
    const { kernel, fanout } = this.#parts
    this.#paced<FrozenName>(peer, {
      load: (then) => {
        kernel.ask('load', { keys: [key, claimsKey(key)] }, (result) => {
          const [row, claims] = result.ok ? result.value : []
          const length = (row?.value.length ?? 0) + (claims?.value.length ?? 0)
          // What is read may be long where what is told is short.
          peer.session.answers.note(kernel.steady, length)
          then(nameOfRows(key, row, claims), length)
        })
      },
      answer: (name) => {
        if (peer.session.state.kind === 'closed') return
        for (const { last } of name.slice(1)) {
          fanout.answer(peer, { type: 'put', id: kernel.messageId(), to: [], data: last })
        }
      },
      refuse: () => kernel.counters.add('refused.reads'),
    })
  }

  /** Reads for others are bounded, and go one by one for who has had much; whoever has gone meanwhile gets nothing. */
  #readFor(
    peer: Peer,
    message: { readonly id: string; readonly key: string },
    /** `text`: the row as it is, which is the JSON of the record. */
    then: (record: WireRecord | undefined, error?: unknown, text?: string) => void,
  ): void {
    const { kernel } = this.#parts
    if (this.#reads >= kernel.limits.readsMax) {
      kernel.counters.add('refused.reads')
      this.#refuse(peer, message.id, 'RATE_LIMITED')
      return
    }
    const { session } = peer
    this.#paced<{ row: HeldRow | undefined; error: unknown }>(peer, {
      load: (done) => this.#loadFor(message.key, (row, error) => done({ row, error }, row?.value.length ?? 0)),
      answer: ({ row, error }) => {
        if (session.state.kind !== 'closed') then(liveRecordOfRow(message.key, row, kernel.now), error, row?.value)
      },
      refuse: () => this.#refuse(peer, message.id, 'RATE_LIMITED'),
    })
  }

  /** At once, or one by one for who has had much. */
  #paced<T>(
    peer: Peer,
    read: {
      readonly load: (then: (found: T, length: number) => void) => void
      readonly answer: (found: T) => void
      readonly refuse: () => void
    },
  ): void {
    const { answers } = peer.session
    const { kernel } = this.#parts
    const inTurn = (): void => {
      const isTaken = this.#heavy.enter(peer, (done) => {
        read.load((found, length) => {
          read.answer(found)
          done(length)
        })
      })
      if (!isTaken) read.refuse()
    }
    if (answers.isSpent(kernel.steady)) {
      inTurn()
      return
    }
    read.load((found, length) => {
      // Many may have been under way when the first of them turned out to be long.
      if (length > LONG && answers.isSpent(kernel.steady)) inTurn()
      else read.answer(found)
    })
  }

  #loadFor(key: string, then: (row: HeldRow | undefined, error?: unknown) => void): void {
    this.#reads++
    this.#load(key, (row, error) => {
      this.#reads--
      then(row, error)
    })
  }

  /** Asks the other servers for a peer, each of which is told who was asked already. */
  #relay(peer: Peer, message: GetMessage): void {
    const { kernel, clientId, isServer, fanout } = this.#parts
    const had = new Set([...message.to, clientId, peer.clientId])
    const targets = isServer ? [...this.#parts.servers()].filter((server) => !had.has(server.clientId)) : []
    if (targets.length === 0) {
      this.#refuse(peer, message.id, 'NOT_FOUND')
      return
    }
    const { relayedGetsMax, relayedGetsPerPeerMax, relayTimeout } = kernel.limits
    if (this.#relayed >= relayedGetsMax || peer.session.relayedGets >= relayedGetsPerPeerMax) {
      kernel.counters.add('refused.relayed-gets')
      this.#refuse(peer, message.id, 'RATE_LIMITED')
      return
    }
    this.#relayed++
    peer.session.relayedGets++
    const to = [...had, ...targets.map((server) => server.clientId)].slice(0, RELAY_TO_MAX)
    const question = new KeyQuestion(
      this.#parts,
      { key: message.key, to, takesNewcomers: false, isOurs: false },
      (record, complete) => {
        this.#relayed--
        peer.session.relayedGets--
        if (peer.session.state.kind === 'closed') return
        if (record === undefined) this.#refuse(peer, message.id, complete ? 'NOT_FOUND' : 'TOO_BUSY')
        else fanout.answer(peer, { type: 'put', id: message.id, to: [], data: record })
      },
    )
    if (this.#parts.requests.add(question, relayTimeout)) question.start(targets)
    else question.handleTimeout()
  }

  #question(
    ask: KeyAsk,
    timeout: Millis,
    then: (record: WireRecord | undefined, complete: boolean, error?: unknown) => void,
  ): void {
    const question = new KeyQuestion(this.#parts, ask, then)
    const servers = [...this.#parts.servers()].filter((server) => !ask.to.includes(server.clientId))
    if (servers.length === 0 && !ask.takesNewcomers) {
      then(undefined, false)
      return
    }
    if (this.#parts.requests.add(question, timeout)) question.start(servers)
    else then(undefined, false, TOO_MANY_REQUESTS)
  }

  #read(key: string, then: (record: WireRecord | undefined, error?: unknown) => void): void {
    this.#load(key, (row, error) => then(liveRecordOfRow(key, row, this.#parts.kernel.now), error))
  }

  #load(key: string, then: (row: HeldRow | undefined, error?: unknown) => void): void {
    this.#parts.kernel.ask('load', { keys: [key] }, (result) => {
      if (!result.ok) then(undefined, result.error ?? new Error('the store failed'))
      else then(result.value[0])
    })
  }

  #refuse(peer: Peer, id: string, code: string): void {
    if (has(peer, 'ack')) this.#parts.fanout.send(peer, { type: 'ack', id, to: [], code })
  }
}

/** Below what is taken: the servers asked add themselves. */
const RELAY_TO_MAX = 192
