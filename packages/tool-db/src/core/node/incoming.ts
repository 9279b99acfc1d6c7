/** What connected peers say, each message to the part that answers it. Shoal peers are told of every refusal; plain ones know no such word. */

import type { Arrival } from '../records/frozen.ts'
import type { WireRecord } from '../records/record.ts'
import type { Message, RecordMessage, SubscribeMessage, SyncPartMessage } from '../wire/message.ts'
import type { Admission, Ahead } from './admission.ts'
import type { RefusalCode } from './commands.ts'
import type { NodeConfig } from './config.ts'
import type { Crdts } from './crdts.ts'
import type { Deliveries } from './delivery.ts'
import type { DialBacks } from './dial-backs.ts'
import type { Directory } from './directory.ts'
import { type Fanout, messageOf } from './fanout.ts'
import type { Functions } from './functions.ts'
import type { Gets } from './gets.ts'
import type { Kernel } from './kernel.ts'
import { ENVELOPE_SIZE } from './limits.ts'
import type { Listeners } from './listeners.ts'
import type { OwnClaims } from './own-claims.ts'
import { has, isPassing } from './peer.ts'
import type { Queries } from './queries.ts'
import type { Relays } from './relays.ts'
import type { Requests } from './requests.ts'
import type { RosterNews } from './roster-news.ts'
import type { Peer, Session } from './session.ts'
import type { Sessions } from './sessions.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { CatchUp } from './sync/catch-up.ts'
import type { PrefixSync } from './sync/prefix-sync.ts'
import type { Verdict } from './verdict.ts'

export interface IncomingParts {
  readonly kernel: Kernel
  readonly config: NodeConfig
  readonly clientId: string
  readonly claims: OwnClaims
  readonly sessions: Sessions
  readonly admission: Admission
  readonly crdts: Crdts
  readonly fanout: Fanout
  readonly relays: Relays
  readonly requests: Requests
  readonly deliveries: Deliveries
  readonly subscriptions: Subscriptions
  readonly listeners: Listeners
  readonly gets: Gets
  readonly queries: Queries
  readonly functions: Functions
  readonly directory: Directory
  readonly rosterNews: RosterNews
  readonly dialBacks: DialBacks
  /** Absent where this node takes no part. */
  readonly catchUp: CatchUp | undefined
  /** Of a client. */
  readonly prefixSync: PrefixSync | undefined
}

/** Refusals that no honest peer causes, once it has verified what it sends. */
const FORGERIES: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  'InvalidHashNonce',
  'InvalidSignature',
  'AddressMismatch',
  'InvalidData',
])
/** A server may take records of an earlier topic that we do not (`acceptTopics`); a client writes to one topic alone. */
const FORGED_BY_CLIENTS: RefusalCode = 'InvalidBinding'

const COUNTED = { stored: 'records.stored', unchanged: 'records.unchanged' } as const

/** A name's rows are read, taken apart and written again with each write. Shorter ones cost no more than other records. */
const LONG_NAME = 16_384
/** What that costs, as a multiple of reading as much. */
const NAME_COST = 4

export class Incoming {
  readonly #parts: IncomingParts
  /** Of the messages whose records wait for their verification. */
  #unverifiedSize = 0

  constructor(parts: IncomingParts) {
    this.#parts = parts
  }

  handle(peer: Peer, message: Message, size: number): void {
    const { kernel, requests, deliveries, subscriptions, relays, gets, queries, functions, directory } = this.#parts
    kernel.emit({ kind: 'message', message, clientId: peer.clientId })
    switch (message.type) {
      case 'ping':
        // The question whether we are still there.
        this.#parts.fanout.send(peer, this.#pong(message.id))
        return
      case 'pong':
        // Servers that joined since; or the answer to such a question, which names none.
        directory.learn(peer, message.servers)
        if (message.roster !== undefined) this.#parts.rosterNews.handleTold(peer, message.roster)
        return
      case 'proof':
      case 'noise':
        this.#parts.sessions.fault(peer.session, 'out-of-turn')
        return
      case 'dialback':
        this.#parts.dialBacks.handleAsk(peer, message)
        return
      case 'ack':
        if (deliveries.handleAck(peer, message.id, message.code)) return
        if (relays.handleAck(peer, message.id, message.code)) return
        if (subscriptions.handleAck(peer, message.id, message.code)) return
        if (this.#parts.dialBacks.handleAck(peer, message.id, message.code)) return
        if (this.#parts.catchUp?.handleAck(peer, message.id) === true) return
        if (this.#parts.prefixSync?.handleAck(peer, message.id, message.code) === true) return
        requests.handleAnswer(peer, message)
        return
      case 'syncAsk':
      case 'syncTell':
      case 'syncWant':
      case 'syncRecords':
        this.#handleSync(peer, message)
        return
      case 'put':
      case 'crdtPut':
        this.#handlePut(peer, message, size)
        return
      case 'crdtGet':
        this.#parts.crdts.handleGet(peer, message)
        return
      case 'get':
        gets.handleGet(peer, message)
        return
      case 'query':
        queries.handleQuery(peer, message)
        return
      case 'queryAck':
      case 'crdtSets':
      case 'functionReturn':
        if (!requests.handleAnswer(peer, message)) kernel.counters.add('unasked')
        return
      case 'subscribe':
        this.#handleSubscribe(peer, message)
        return
      case 'function':
        functions.handleCall(peer, message, size)
        return
    }
  }

  /** A record in answer to a question of ours, under the id of that question. */
  admitAnswer(
    peer: Peer,
    record: WireRecord,
    then: (verdict: Verdict) => void,
    { ahead }: { readonly ahead?: Ahead | undefined } = {},
  ): void {
    // One for each of our questions and servers: that bounds them, so what bounds the unasked does not count here.
    if (this.#parts.admission.unverified >= this.#parts.kernel.limits.unverifiedMax) {
      then({ kind: 'refused', code: 'TOO_BUSY' })
      return
    }
    const arrival = this.#answerOf(peer, record)
    this.#admit(peer, messageOf(record, { id: '', to: [] }), { size: 0, arrival, ahead }, then)
  }

  #handleSync(peer: Peer, message: SyncPartMessage): void {
    const { catchUp, prefixSync, sessions } = this.#parts
    const side = catchUp ?? prefixSync
    if (side === undefined) {
      sessions.fault(peer.session, 'out-of-turn')
      return
    }
    switch (message.type) {
      case 'syncAsk':
        side.handleAsk(peer, message)
        return
      case 'syncTell':
        side.handleTell(peer, message)
        return
      case 'syncWant':
        side.handleWant(peer, message)
        return
      case 'syncRecords':
        side.handleRecords(peer, message)
        return
    }
  }

  #handlePut(peer: Peer, message: RecordMessage, size: number): void {
    const { kernel, requests, deliveries, subscriptions, config } = this.#parts
    const { data } = message
    if (size > kernel.limits.valueSizeMax + ENVELOPE_SIZE) {
      kernel.counters.add('refused.too-large')
      this.#ack(peer, message.id, 'TOO_LARGE')
      return
    }
    if (requests.has(message.id)) {
      requests.handleAnswer(peer, message)
      return
    }
    // Every server knows the ids of our subscriptions and puts: under them come only the keys that they are about.
    const isWanted = subscriptions.isWanted(data.k)
    const isAnswer = (isWanted && subscriptions.isOurs(message.id)) || deliveries.isOf(message.id, data.k)
    const isPushed = peer.isServer && !config.isServer && isWanted
    // A client keeps what it asked for; others cannot fill its memory.
    if (!config.isServer && !isAnswer && !isPushed) {
      kernel.counters.add('refused.unasked-record')
      this.#ack(peer, message.id, 'UNSUPPORTED')
      return
    }
    // Whoever tells us of what we subscribed to does not tell it again by himself.
    const isToldOnce = isWanted && !config.isServer
    if (!this.#mayQueue(peer, size)) {
      kernel.counters.add('refused.unverified')
      if (isToldOnce) subscriptions.handleMissed(peer, data.k)
      this.#ack(peer, message.id, 'RATE_LIMITED')
      return
    }
    const arrival: Arrival = isAnswer || isPushed ? this.#answerOf(peer, data) : { kind: 'live' }
    this.#admit(peer, message, { size, arrival }, (verdict) => {
      if (isToldOnce && verdict.kind === 'refused' && isPassing(verdict.code)) subscriptions.handleMissed(peer, data.k)
      // The server waits for no word: to hear it from a thousand subscribers would cost as much as telling them did.
      if (!isPushed || verdict.kind === 'refused') this.#ackVerdict(peer, message, verdict)
    })
  }

  #admit(
    peer: Peer,
    message: RecordMessage,
    { size, arrival, ahead }: { readonly size: number; readonly arrival: Arrival; readonly ahead?: Ahead | undefined },
    then: (verdict: Verdict) => void,
  ): void {
    const { kernel, admission, fanout, relays, listeners, sessions, crdts } = this.#parts
    const { session } = peer
    session.unverified++
    session.unverifiedSize += size
    this.#unverifiedSize += size
    fanout.noteSeen(peer, message.data)
    const judged = (verdict: Verdict): void => {
      session.unverified--
      session.unverifiedSize -= size
      this.#unverifiedSize -= size
      kernel.counters.add(verdict.kind === 'refused' ? `records.${verdict.code}` : COUNTED[verdict.kind])
      if (verdict.kind === 'refused') {
        // A plain server hands on what it never checked: only who proved to be shoal's answers for what it relays.
        const answersForIt = peer.proven || !peer.isServer
        const isForged = FORGERIES.has(verdict.code) || (verdict.code === FORGED_BY_CLIENTS && !peer.isServer)
        if (answersForIt && isForged) sessions.fault(session, 'bad-record')
        then(verdict)
        return
      }
      kernel.emit({ kind: 'verified', message })
      then(verdict)
      if (verdict.kind !== 'stored') return
      if (verdict.crdt !== undefined) {
        crdts.tell(verdict, verdict.crdt, { peer, to: message.to })
        return
      }
      relays.relay(verdict, { peer, to: message.to })
      if (!verdict.isShown) {
        this.#tellClaim(peer, verdict.record)
        return
      }
      fanout.push({ record: verdict.held, text: verdict.text }, peer)
      listeners.trigger(verdict.held.k, verdict.held)
    }
    admission.admit(message.data, arrival, judged, {
      ahead,
      mayWriteName: (length) => this.#mayWriteName(session, length),
    })
  }

  /** A few bytes would have us write a megabyte, again and again. */
  #mayWriteName({ answers }: Session, length: number): boolean {
    const { now, counters } = this.#parts.kernel
    if (length <= LONG_NAME) return true
    if (answers.isSpent(now)) {
      counters.add('refused.names')
      return false
    }
    answers.note(now, length * NAME_COST)
    return true
  }

  #answerOf(peer: Peer, record: WireRecord): Arrival {
    return { kind: peer.isServer && this.#parts.claims.isOpen(record.k) ? 'correction' : 'answer' }
  }

  /** Another's claim of a name changes nothing for readers; who watches just this name, as its owner does, hears of it. */
  #tellClaim(author: Peer, record: WireRecord): void {
    const { subscriptions, fanout, kernel, clientId } = this.#parts
    const watchers = [...subscriptions.exactSubscribersOf(record.k)].filter((peer) => peer !== author && peer.proven)
    fanout.sendAll(watchers, { type: 'put', id: kernel.messageId(), to: [clientId], data: record })
  }

  #ackVerdict(peer: Peer, message: RecordMessage, verdict: Verdict): void {
    if (peer.session.state.kind === 'closed') return
    if (verdict.kind === 'refused') {
      this.#ack(peer, message.id, verdict.code)
      return
    }
    const { held } = verdict
    const isHeld = held.h === message.data.h
    // An author who did not know of what is held learns it, under the id of his own put, before that is settled.
    if (!isHeld && !peer.isServer) {
      const id = peer.proven ? message.id : this.#parts.kernel.messageId()
      this.#parts.fanout.send(peer, { type: 'put', id, to: [], data: held })
    }
    this.#ack(peer, message.id, isHeld ? 'OK' : 'SUPERSEDED')
  }

  #handleSubscribe(peer: Peer, message: SubscribeMessage): void {
    const { kernel, subscriptions, gets } = this.#parts
    if (!subscriptions.add(peer, message)) {
      kernel.counters.add('refused.subscriptions')
      this.#ack(peer, message.id, 'RATE_LIMITED')
      return
    }
    if (message.key !== '') gets.handleSubscribed(peer, message)
  }

  #mayQueue(peer: Peer, size: number): boolean {
    const { unverifiedMax, unverifiedPerPeerMax, unverifiedSizeMax, unverifiedSizePerPeerMax } =
      this.#parts.kernel.limits
    const { unverified, unverifiedSize } = peer.session
    // One at a time goes whatever its size: how long a message may be is another limit.
    if (unverified === 0) return this.#parts.admission.unverified < unverifiedMax
    if (this.#parts.admission.unverified >= unverifiedMax || unverified >= unverifiedPerPeerMax) return false
    return unverifiedSize + size <= unverifiedSizePerPeerMax && this.#unverifiedSize + size <= unverifiedSizeMax
  }

  #pong(id: string): Message {
    const { clientId, config } = this.#parts
    return { type: 'pong', id, to: [], clientId, isServer: config.isServer, servers: [] }
  }

  #ack(peer: Peer, id: string, code: string): void {
    if (has(peer, 'ack')) this.#parts.fanout.send(peer, { type: 'ack', id, to: [], code })
  }
}
