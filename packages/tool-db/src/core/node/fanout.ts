/** One message to many: serialised once, never twice to one peer, not back to where it came from. */

import { utf8Length } from '@shoal/base'
import { isCrdtRecord } from '../crdt/change-set.ts'
import type { WireRecord } from '../records/record.ts'
import type { Message, RecordMessage } from '../wire/message.ts'
import { messageText, recordMessageText } from '../wire/serialise.ts'
import type { Kernel } from './kernel.ts'
import { Remembered } from './remembered.ts'
import type { Peer } from './session.ts'

const SEEN = { lifetime: 60_000, countMax: 2_048 }

export interface Origin {
  /** Absent where it is ours. */
  readonly peer?: Peer
  readonly to: readonly string[]
}

/** A record, and its JSON where that was made for the store. */
export interface Stored {
  readonly record: WireRecord
  readonly text: string | undefined
}

export interface FanoutParts {
  readonly kernel: Kernel
  readonly clientId: string
  readonly isServer: boolean
  servers(): Iterable<Peer>
  serverCount(): number
  hasSubscribers(): boolean
  subscribersOf(key: string): Iterable<Peer>
}

/** True for those who are to have it. */
export type Audience = (peer: Peer) => boolean

const EVERYBODY: Audience = () => true

export class Fanout {
  readonly #parts: FanoutParts
  /** Which records each server has had from us or sent us. BOUNDED: by the servers, SEEN each. */
  readonly #seen = new Map<Peer, Remembered>()

  constructor(parts: FanoutParts) {
    this.#parts = parts
  }

  /** A record came from this server: it need not have it back. Clients hand nothing on. */
  noteSeen(peer: Peer, record: WireRecord): void {
    if (peer.isServer && this.#parts.isServer) this.#seenOf(peer).add(record.h + record.k)
  }

  drop(peer: Peer): void {
    this.#seen.delete(peer)
  }

  /** Somebody's record that is new here, to the other servers; what went to whom. */
  relay(
    { record, text }: Stored,
    origin: Origin,
    audience: Audience = EVERYBODY,
  ): { readonly id: string; readonly to: ReadonlySet<Peer> } | undefined {
    const { clientId, isServer } = this.#parts
    if (!isServer || this.#parts.serverCount() === 0) return undefined
    const had = new Set([...origin.to, clientId])
    if (origin.peer !== undefined) had.add(origin.peer.clientId)
    const targets = new Set<Peer>()
    for (const server of this.#parts.servers()) {
      if (!had.has(server.clientId) && audience(server) && this.#seenOf(server).addNew(record.h + record.k))
        targets.add(server)
    }
    if (targets.size === 0) return undefined
    const id = this.#freshId()
    this.sendPut(targets, messageOf(record, { id, to: [...had].slice(0, TO_MAX) }), text)
    return { id, to: targets }
  }

  /** What readers of a key now see, to whoever subscribed; servers have it by relay or delivery. */
  push({ record, text }: Stored, author?: Peer, audience: Audience = EVERYBODY): void {
    if (!this.#parts.hasSubscribers()) return
    const targets = new Set<Peer>()
    for (const peer of this.#parts.subscribersOf(record.k)) {
      // A plain author that subscribed wants its own record back: its listeners hear of nothing else.
      const knows = peer === author && peer.proven
      if (
        !knows &&
        audience(peer) &&
        !(peer.isServer && this.#parts.isServer && this.#seenOf(peer).has(record.h + record.k))
      )
        targets.add(peer)
    }
    if (targets.size === 0) return
    this.sendPut(targets, messageOf(record, { id: this.#freshId(), to: [this.#parts.clientId] }), text)
  }

  /** Is there a plain peer that would be told of this key? */
  hasPlain(key: string): boolean {
    const { isServer, servers, subscribersOf } = this.#parts
    if (isServer) for (const server of servers()) if (!server.proven) return true
    for (const peer of subscribersOf(key)) if (!peer.proven) return true
    return false
  }

  send(peer: Peer, message: Message): void {
    this.#sendText([peer], messageText(message))
  }

  /** A message as it goes on the wire. */
  sendText(peer: Peer, text: string): void {
    this.#sendText([peer], text)
  }

  /** The answer to a question of the peer's own, which counts as what it has had. */
  answer(peer: Peer, message: Message): void {
    this.#answerWith(peer, messageText(message))
  }

  /** `text`: the JSON of the record, where it is there already. */
  answerPut(peer: Peer, message: RecordMessage, text: string | undefined): void {
    this.#answerWith(peer, text === undefined ? messageText(message) : recordMessageText(message, text))
  }

  #answerWith(peer: Peer, text: string): void {
    peer.session.answers.note(this.#parts.kernel.steady, text.length)
    this.#sendText([peer], text)
  }

  sendAll(peers: Iterable<Peer>, message: Message): number {
    const targets = new Set(peers)
    if (targets.size > 0) this.#sendText(targets, messageText(message))
    return targets.size
  }

  /** `text`: the JSON of the record, where it is there already. */
  sendPut(targets: Iterable<Peer>, message: RecordMessage, text: string | undefined): void {
    this.#sendText(targets, text === undefined ? messageText(message) : recordMessageText(message, text))
  }

  #sendText(targets: Iterable<Peer>, text: string): void {
    const { kernel } = this.#parts
    // Whoever gets more than it takes cuts the connection: a row that another program wrote must not do that.
    if (text.length > kernel.limits.messageSizeMax / 3 && (utf8Length(text) ?? 0) > kernel.limits.messageSizeMax) {
      kernel.counters.add('unsent.too-large')
      return
    }
    for (const peer of targets) kernel.tell({ kind: 'send', channel: peer.session.channel, text })
  }

  // Plain peers drop a message whose id they have seen, so no push ever has an old one.
  #freshId(): string {
    return this.#parts.kernel.messageId()
  }

  #seenOf(peer: Peer): Remembered {
    const held = this.#seen.get(peer)
    if (held !== undefined) return held
    const fresh = new Remembered(this.#parts.kernel, SEEN)
    this.#seen.set(peer, fresh)
    return fresh
  }
}

/** A record, or a set of changes, each under the name that tool-db has for it. */
export function messageOf(
  data: WireRecord,
  base: { readonly id: string; readonly to: readonly string[] },
): RecordMessage {
  return { type: isCrdtRecord(data) ? 'crdtPut' : 'put', ...base, data }
}

/** Half of what is taken: the next servers add theirs. */
const TO_MAX = 128
