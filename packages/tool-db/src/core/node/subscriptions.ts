/** Who wants to hear of which keys: others of us, kept with their connection; and we of others, told to every server that connects. */

import { MINUTE, type Millis, SECOND } from '@shoal/base'
import type { SubscribeMessage } from '../wire/message.ts'
import { messageText } from '../wire/serialise.ts'
import type { Kernel, Timer } from './kernel.ts'
import { has, isPassing } from './peer.ts'
import { PrefixIndex } from './prefix-index.ts'
import type { Peer } from './session.ts'

interface Wanted {
  /** One id for as long as we subscribe: tool-db sends every push with it. */
  readonly id: string
  readonly to: readonly string[]
  /** This key alone, also where the server knows of prefixes. */
  readonly exact: boolean
}

/** Subscriptions of ours that a server refused for now, or of which something could not be kept here. */
interface Refused {
  /** BOUNDED: listenersMax. */
  readonly keys: Set<string>
  /** Those that the application was told of. BOUNDED: listenersMax. */
  readonly told: Set<string>
  delay: Millis
  timer: Timer | undefined
}

const RETRY_AFTER: Millis = SECOND
const RETRY_AFTER_MAX: Millis = MINUTE
const SENT_AT_ONCE = 64

/** The subscription stands; there is only nothing to show yet. */
const NO_REFUSAL = new Set(['OK', 'SUPERSEDED', 'NOT_FOUND'])

export class Subscriptions {
  readonly #kernel: Kernel
  /** BOUNDED: by the peers, subscriptionsPerPeerMax each. */
  readonly #exact = new Map<string, Set<Peer>>()
  readonly #prefixes = new PrefixIndex<Peer>()
  /** What each peer has, so that it goes with it. BOUNDED: by the peers, subscriptionsPerPeerMax each. */
  readonly #byPeer = new Map<Peer, { readonly exact: Set<string>; readonly prefixes: Set<string> }>()
  /** Ours. BOUNDED: listenersMax. */
  readonly #wanted = new Map<string, Wanted>()
  /** Keys by message id. BOUNDED: listenersMax. */
  readonly #wantedIds = new Map<string, string>()
  readonly #wantedPrefixes = new PrefixIndex<string>()
  /** BOUNDED: by the servers. */
  readonly #refused = new Map<Peer, Refused>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get size(): number {
    return this.#byPeer.size
  }

  /** False where the peer has too many already. */
  add(peer: Peer, message: SubscribeMessage): boolean {
    const theirs = this.#byPeer.get(peer) ?? { exact: new Set(), prefixes: new Set() }
    const isPrefix = message.prefix === true && has(peer, 'prefix')
    const held = isPrefix ? theirs.prefixes : theirs.exact
    if (held.has(message.key)) return true
    if (theirs.exact.size + theirs.prefixes.size >= this.#kernel.limits.subscriptionsPerPeerMax) return false
    held.add(message.key)
    this.#byPeer.set(peer, theirs)
    if (isPrefix) this.#prefixes.add(message.key, peer)
    else {
      const peers = this.#exact.get(message.key)
      if (peers === undefined) this.#exact.set(message.key, new Set([peer]))
      else peers.add(peer)
    }
    return true
  }

  drop(peer: Peer): void {
    this.#kernel.cancel(this.#refused.get(peer)?.timer)
    this.#refused.delete(peer)
    const theirs = this.#byPeer.get(peer)
    if (theirs === undefined) return
    this.#byPeer.delete(peer)
    for (const key of theirs.exact) {
      const peers = this.#exact.get(key)
      peers?.delete(peer)
      if (peers?.size === 0) this.#exact.delete(key)
    }
    for (const prefix of theirs.prefixes) this.#prefixes.remove(prefix, peer)
  }

  *subscribersOf(key: string): Iterable<Peer> {
    yield* this.#exact.get(key) ?? []
    yield* this.#prefixes.matches(key)
  }

  /** Those who asked for this very key. */
  exactSubscribersOf(key: string): Iterable<Peer> {
    return this.#exact.get(key) ?? []
  }

  /** False where there are too many of ours. What is wanted by prefix is wanted exactly, not the other way round. */
  want(key: string, ask: { to: readonly string[]; exact: boolean }, servers: Iterable<Peer>): boolean {
    const held = this.#wanted.get(key)
    const id = held?.id ?? this.#kernel.messageId()
    const wanted = held === undefined || (held.exact && !ask.exact) ? { id, ...ask } : held
    if (held === undefined) {
      if (this.#wanted.size >= this.#kernel.limits.listenersMax) return false
      this.#wantedIds.set(wanted.id, key)
    }
    this.#wanted.set(key, wanted)
    if (!wanted.exact) this.#wantedPrefixes.add(key, key)
    for (const server of servers) this.#send(server, key, wanted)
    return true
  }

  /** A server has connected: it hears of everything that we want. */
  tellAll(server: Peer): void {
    for (const [key, wanted] of this.#wanted) this.#send(server, key, wanted)
  }

  isWanted(key: string): boolean {
    return this.#wanted.has(key) || this.#wantedPrefixes.hasMatch(key)
  }

  /** True where a server said what became of a subscription of ours; the application hears of a refusal, which comes late. */
  handleAck(server: Peer, id: string, code: string): boolean {
    const key = this.#wantedIds.get(id)
    if (key === undefined) return false
    if (!NO_REFUSAL.has(code)) this.#handleRefusal(server, key, code)
    return true
  }

  /** What it told us could not be kept here now: asked again, it tells what then stands. */
  handleMissed(server: Peer, key: string): void {
    this.#kernel.counters.add('subscriptions.missed')
    const refused = this.#refusedBy(server)
    if (this.#wanted.has(key)) refused.keys.add(key)
    for (const prefix of this.#wantedPrefixes.matches(key)) refused.keys.add(prefix)
    this.#armRetry(server, refused)
  }

  #refusedBy(server: Peer): Refused {
    const held = this.#refused.get(server)
    if (held !== undefined) return held
    const refused: Refused = { keys: new Set(), told: new Set(), delay: RETRY_AFTER, timer: undefined }
    this.#refused.set(server, refused)
    return refused
  }

  #handleRefusal(server: Peer, key: string, code: string): void {
    this.#kernel.counters.add('subscriptions.refused')
    const refused = this.#refusedBy(server)
    if (!refused.told.has(key)) {
      refused.told.add(key)
      this.#kernel.emit({ kind: 'refused', refusal: { kind: 'subscription', key, code, peerId: server.peerId } })
    }
    if (!isPassing(code)) return
    refused.keys.add(key)
    this.#armRetry(server, refused)
  }

  #armRetry(server: Peer, refused: Refused): void {
    refused.timer ??= this.#kernel.after(refused.delay, () => {
      refused.timer = undefined
      refused.delay = Math.min(refused.delay * 2, RETRY_AFTER_MAX)
      let left = SENT_AT_ONCE
      for (const key of refused.keys) {
        if (left-- === 0) break
        refused.keys.delete(key)
        const wanted = this.#wanted.get(key)
        if (wanted !== undefined) this.#send(server, key, wanted)
      }
      if (refused.keys.size > 0) this.#armRetry(server, refused)
    })
  }

  isOurs(id: string): boolean {
    return this.#wantedIds.has(id)
  }

  #send(server: Peer, key: string, wanted: Wanted): void {
    if (wanted.to.includes(server.clientId)) return
    const prefix = has(server, 'prefix') && !wanted.exact
    // tool-db drops a message whose id it has seen, also on a new connection: a plain server gets a fresh one.
    const id = server.proven ? wanted.id : this.#kernel.messageId()
    const text = messageText({ type: 'subscribe', id, to: wanted.to, key, ...(prefix && { prefix }) })
    this.#kernel.tell({ kind: 'send', channel: server.session.channel, text })
  }
}
