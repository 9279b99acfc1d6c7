/**
 * The API of npm discovery-channel 5.5.1 over `Discovery`, for programs written for it. What is broken there works
 * here: `update()` does not throw, `leave(id)` also leaves what was joined with a port and really stops announcing, and a
 * peer is emitted once a join and not at every look-up. There is no `dns` part: the LAN comes later.
 */

import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { ClosedError, isPort, MINUTE, type Millis, SECOND, ShoalError, UsageError } from '@shoal/base'
import { requireTopic } from '@shoal/peer'
import { ANNOUNCE_PACE } from '../core/announce-schedule.ts'
import { LOOKUP_PACE } from '../core/lookup-schedule.ts'
import { Discovery } from '../discovery.ts'
import type { DiscoveryOptions } from '../options.ts'
import type { Session } from '../session.ts'
import { type ChannelDhtOptions, toDhtOptions } from './dht-options.ts'
import { FirstRound } from './first-round.ts'

export interface DiscoveryChannelOptions {
  /** Options for the DHT node, or `false` for none. */
  readonly dht?: boolean | ChannelDhtOptions
  /** Taken, but nothing is looked for on the LAN yet; asking for it is answered by one `warn` event. */
  readonly dns?: unknown
  /** How an id becomes an info hash, of which the first twenty bytes count: SHA-1 by default, `false` for the id itself. */
  readonly hash?: false | ((id: Buffer) => Uint8Array)
}

export interface ChannelJoinOptions {
  readonly impliedPort?: boolean
}

export interface DiscoveryChannelEvents {
  peer: [id: Buffer, peer: { host: string; port: number }, type: 'dht']
  whoami: [me: { host: string; port: number }]
  'query-done': [isFirst: true]
  warn: [error: Error]
  error: [error: Error]
  close: []
}

export interface ChannelEntry {
  readonly id: Buffer
  /** 0 for a join that does not announce. */
  readonly port: number
}

type Callback = (error: Error | null) => void

interface Join extends ChannelEntry {
  readonly session: Session | undefined
  readonly firstRound: FirstRound
}

/** discovery-channel's own rhythm is every 10 to 15 minutes. */
const INTERVAL_MS: Millis = 12 * MINUTE
const NO_SOURCES: DiscoveryOptions = { sources: {} }

export class DiscoveryChannel extends EventEmitter<DiscoveryChannelEvents> {
  destroyed = false
  /** Our address as seen from outside, once it is known. */
  me: { host: string | null; port: number } = { host: null, port: 0 }
  readonly #discovery: Discovery
  readonly #hasDht: boolean
  readonly #hash: (id: Buffer) => Uint8Array
  /** UNBOUNDED: one a join of our own user. */
  readonly #joins = new Map<string, Join>()
  #isWatched = false
  #closing: Promise<void> | undefined

  constructor(options: DiscoveryChannelOptions = {}) {
    super()
    const { dht = true, dns, hash } = options ?? {}
    this.#hasDht = dht !== false
    this.#discovery = new Discovery(dht === false ? NO_SOURCES : discoveryOptions(dht))
    this.#hash = hash === false ? (id) => id : (hash ?? sha1)
    // A listener can only be there after the constructor.
    if (dns) setImmediate(() => this.#warnOfDns())
  }

  /** The arguments after the id may each be left out. A number as the port announces; 0 means the DHT's own. */
  join(
    id: string | Uint8Array,
    port?: number | Callback,
    options?: ChannelJoinOptions | Callback,
    cb?: Callback,
  ): void {
    if (this.destroyed) return
    const callback = [port, options, cb].find((argument) => typeof argument === 'function')
    const impliedPort = typeof options === 'object' && options?.impliedPort === true
    const announced = portOf(port)
    const bytes = idOf(id)
    const key = keyOf(bytes, announced ?? 0)
    if (this.#joins.has(key)) return
    const infoHash = this.#infoHash(bytes)
    const session = this.#hasDht ? this.#open(infoHash, announced, impliedPort) : undefined
    this.#watchSocket()
    const firstRound = new FirstRound(announced === undefined ? 1 : 2, (error) => this.#endRound(error, callback))
    this.#joins.set(key, { id: bytes, port: announced ?? 0, session, firstRound })
    if (session === undefined) firstRound.finish(null)
    else this.#follow(bytes, session, firstRound)
  }

  /** Without a port every join of the id is left, whatever its port was. */
  leave(id: string | Uint8Array, port?: number): void {
    if (this.destroyed) return
    const bytes = idOf(id)
    const only = portOf(port)
    for (const [key, join] of this.#joins) {
      if (!join.id.equals(bytes) || (only && join.port !== only)) continue
      this.#joins.delete(key)
      this.#drop(join)
    }
  }

  /** Looks up and announces everything that is joined, now. */
  update(): void {
    if (!this.destroyed) this.#discovery.update()
  }

  list(): ChannelEntry[] {
    return [...this.#joins.values()].map(({ id, port }) => ({ id, port }))
  }

  destroy(cb?: () => void): void {
    this.destroyed = true
    this.#closing ??= this.#close()
    if (cb !== undefined) void this.#closing.then(cb)
  }

  async #close(): Promise<void> {
    for (const join of this.#joins.values()) this.#drop(join)
    this.#joins.clear()
    await this.#discovery.close()
    this.emit('close')
  }

  #drop({ session, firstRound }: Join): void {
    firstRound.finish(new ClosedError('the id was left before its first look-up was over'))
    void session?.leave()
  }

  #open(infoHash: Uint8Array, port: number | undefined, impliedPort: boolean): Session {
    if (port === undefined) return this.#discovery.join(infoHash)
    // discovery-channel announces port 0 as "the one you see"; what the field says then is of no account.
    return this.#discovery.join(infoHash, { port: port || IMPLIED_PORT_FIELD, impliedPort: impliedPort || port === 0 })
  }

  #follow(id: Buffer, session: Session, firstRound: FirstRound): void {
    let fault: Error | undefined
    session.on('fault', ({ error }) => {
      fault = error instanceof Error ? error : new Error(String(error))
    })
    // A fault comes right before the end of the round that it broke off.
    const errorOf = (isReached: boolean, what: string): Error | null => {
      const error = isReached ? null : (fault ?? unanswered(what))
      fault = undefined
      return error
    }
    session.on('searched', ({ answered }) => {
      this.#handlePart(firstRound, errorOf(answered, 'look-up'))
      this.#noteWhoami()
    })
    session.on('announced', ({ nodes }) => this.#handlePart(firstRound, errorOf(nodes > 0, 'announce')))
    void this.#emitPeers(id, session)
  }

  #handlePart(firstRound: FirstRound, error: Error | null): void {
    if (error !== null) this.#warn(error)
    firstRound.handlePart(error)
  }

  async #emitPeers(id: Buffer, session: Session): Promise<void> {
    for await (const { host, port } of session) {
      // Out of the promise, so that an exception in a listener is the listener's and does not end the loop.
      process.nextTick(() => {
        if (!this.destroyed) this.emit('peer', id, { host, port }, 'dht')
      })
    }
  }

  /** After the peers of the round, which are on their way through promises. */
  #endRound(error: Error | null, callback: Callback | undefined): void {
    setImmediate(() => {
      if (!this.destroyed) this.emit('query-done', true)
      callback?.(error)
    })
  }

  #noteWhoami(): void {
    const host = this.#discovery.externalHosts()[0]
    if (host === undefined || host === this.me.host || this.destroyed) return
    this.me = { host, port: 0 }
    this.emit('whoami', { host, port: 0 })
  }

  #infoHash(id: Buffer): Uint8Array {
    const hash: unknown = this.#hash(id)
    if (!(hash instanceof Uint8Array)) throw new UsageError('the hash option must return a Buffer')
    if (hash.length >= 20) return hash.subarray(0, 20)
    throw new UsageError(`an info hash has 20 bytes, but the hash of this id has ${hash.length}`)
  }

  #warnOfDns(): void {
    this.#warn(
      new ShoalError(
        'SHOAL_NO_LAN',
        'the dns options are not used yet: peers are only looked for on the DHT, not on the LAN',
      ),
    )
  }

  /** The node is made at the first join. Without a socket nothing works: that is the one `error`, for whoever listens. */
  #watchSocket(): void {
    if (this.#isWatched || this.#discovery.dht === undefined) return
    this.#isWatched = true
    this.#discovery.dht.listening.catch((error: Error) => {
      if (this.listenerCount('error') > 0) this.emit('error', error)
      else this.#warn(error)
    })
  }

  /** Nothing that goes wrong on the network is worth a crash of a process that does not listen. */
  #warn(error: Error): void {
    if (!this.destroyed) this.emit('warn', error)
  }
}

/** Any port: with `implied_port` set it is not looked at, but some nodes refuse 0 there. */
const IMPLIED_PORT_FIELD = 1

export interface DiscoveryChannelConstructor {
  new (options?: DiscoveryChannelOptions): DiscoveryChannel
  (options?: DiscoveryChannelOptions): DiscoveryChannel
  readonly prototype: DiscoveryChannel
}

function construct(options?: DiscoveryChannelOptions): DiscoveryChannel {
  return Reflect.construct(DiscoveryChannel, [options], new.target ?? DiscoveryChannel)
}
construct.prototype = DiscoveryChannel.prototype

/** `DC(options)` and `new DC(options)` alike. */
export const discoveryChannel: DiscoveryChannelConstructor = construct as unknown as DiscoveryChannelConstructor

function discoveryOptions(dht: true | ChannelDhtOptions): DiscoveryOptions {
  const options = dht === true ? {} : (dht ?? {})
  const interval = options.interval || INTERVAL_MS
  return {
    sources: { dht: toDhtOptions(options) },
    pace: {
      lookup: {
        need: { first: Math.min(SECOND, interval), most: interval },
        weary: { after: interval, most: interval },
        burst: LOOKUP_PACE.burst.map((wait) => Math.min(wait, interval)),
        settled: interval,
      },
      announce: {
        early: ANNOUNCE_PACE.early.map((wait) => Math.min(wait, interval)),
        steady: interval,
        retry: ANNOUNCE_PACE.retry,
      },
    },
  }
}

function sha1(id: Buffer): Buffer {
  return createHash('sha1').update(id).digest()
}

function idOf(id: string | Uint8Array): Buffer {
  if (typeof id !== 'string' && !(id instanceof Uint8Array)) throw new UsageError('an id is a string or a Buffer')
  const bytes = Buffer.from(id)
  // Only how it begins matters here, of an id of any length and any bytes: secrets begin with a reserved word.
  const head = bytes.subarray(0, 1_024).toString('utf8').trimStart().slice(0, 64)
  requireTopic(head.replace(/\s/g, ' ').replace(/[^\x20-\x7e]/g, '?') || '?')
  return bytes
}

function portOf(port: unknown): number | undefined {
  if (port === undefined || port === null || port === false || port === '' || typeof port === 'function')
    return undefined
  const number = Number(port)
  if (number === 0 || isPort(number)) return number
  throw new UsageError(`${String(port)} is no port: announce one from 1 to 65535`)
}

function keyOf(id: Buffer, port: number): string {
  return `${id.toString('hex')}:${port}`
}

function unanswered(what: string): ShoalError {
  return new ShoalError('SHOAL_NO_NODES', `no DHT node answered the ${what}: it is repeated; check the bootstrap nodes`)
}
