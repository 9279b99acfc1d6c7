/**
 * A program that knows a topic: the core of discovery over a DHT node of its own, and connections to the servers that it finds. A server
 * announces itself and takes connections; a client only looks. Both remember whom they met.
 */

import { DeadlineQueue, type Endpoint, type Millis, SECOND, toHex } from '@shoal/base'
import { type EngineEvent, type EngineSnapshot, type NodeId, nodeIdBytes, type Transmit } from '@shoal/dht/core'
import { type CachedPeer, PeerCache, TopicMachine, type TopicMember } from '@shoal/discovery/core'
import type { CandidateSource } from '@shoal/peer'
import { DhtNode, type DhtNodeOptions } from '../dht/dht-node.ts'
import type { Frame, Opened } from '../network/streams.ts'
import type { Environment, Machine } from '../world/machine.ts'
import { readFrame, SERVERS_PER_FRAME_MAX, type SwarmFrame, writeFrame } from './swarm-frame.ts'

/** As the database node has them. */
const DIALS_MAX = 16
const SERVERS_MAX = 64
const DIAL_TIMEOUT_MS: Millis = 5 * SECOND
const KEEP_ALIVE_MS: Millis = 60 * SECOND

export interface SwarmOptions {
  readonly infoHash: NodeId
  /** Where it listens and what it announces; a client has none. */
  readonly port: number | undefined
  readonly dht: DhtNodeOptions
}

/** What it leaves in its state file. */
export interface SwarmState {
  readonly peerId: string
  readonly dht: EngineSnapshot
  readonly peers: readonly CachedPeer[]
}

export type SwarmEvent =
  | EngineEvent
  | { readonly kind: 'dial'; readonly dial: number; readonly to: Endpoint }
  | { readonly kind: 'send'; readonly channel: number; readonly frame: string }
  | { readonly kind: 'hang-up'; readonly channel: number }
  /** A server has proved itself to us; how long after our start. */
  | { readonly kind: 'proven'; readonly source: CandidateSource; readonly afterMs: Millis }

interface Session {
  readonly channel: number
  readonly remote: Endpoint
  readonly wasDialled: boolean
  /** Where its other side listens; known of those we dialled, and told by servers that dial us. */
  endpoint: Endpoint | undefined
  peerId: string | undefined
  isProven: boolean
}

interface Dial {
  readonly to: Endpoint
  readonly source: CandidateSource
  channel: number | undefined
}

export class SwarmNode implements Machine<SwarmEvent> {
  readonly dht: DhtNode
  readonly #topic: TopicMachine
  readonly #member: TopicMember
  readonly #cache: PeerCache
  readonly #options: SwarmOptions
  readonly #peerId: string
  readonly #name: string
  readonly #startedAt: Millis
  /** BOUNDED: by what one input can cause, since the world drains it. */
  readonly #events: SwarmEvent[] = []
  /** BOUNDED: DIALS_MAX. */
  readonly #dials = new Map<number, Dial>()
  /** BOUNDED: one a dial. */
  readonly #deadlines = new DeadlineQueue<number>()
  /** By channel. BOUNDED: by the hosts of the world. */
  readonly #sessions = new Map<number, Session>()
  #nextDial = 1
  #pingAt: Millis
  #now: Millis

  constructor(environment: Environment, options: SwarmOptions) {
    const { now, random } = environment
    const saved = environment.saved as SwarmState | undefined
    const { infoHash, port } = options
    this.#options = options
    this.#now = now
    this.#startedAt = now
    this.#pingAt = now + KEEP_ALIVE_MS
    this.#name = toHex(nodeIdBytes(infoHash))
    this.#peerId = saved?.peerId ?? toHex(random.bytes(20))
    this.dht = new DhtNode({ ...environment, saved: saved?.dht }, options.dht)
    this.#cache = new PeerCache(now, new Map([[this.#name, saved?.peers ?? []]]))
    this.#topic = new TopicMachine({
      now,
      random,
      sources: [
        { source: 'dht', looksUp: true, announces: true },
        { source: 'cache', looksUp: false, announces: false },
        { source: 'pex', looksUp: false, announces: false },
      ],
    })
    this.#member = this.#topic.join(now, port === undefined ? {} : { port: { port, impliedPort: false } })
  }

  start(now: Millis): void {
    this.#now = now
    for (const { host, port } of this.#cache.peers(this.#name)) {
      this.#topic.handleSighting(now, { host, port, source: 'cache' })
    }
    this.dht.start(now)
    this.#work()
  }

  save(): SwarmState {
    return { peerId: this.#peerId, dht: this.dht.save(), peers: this.#cache.peers(this.#name) }
  }

  /** Servers that have proved themselves and are connected. */
  get servers(): number {
    return new Set([...this.#sessions.values()].filter(isServer).map(({ peerId }) => peerId)).size
  }

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    this.#now = now
    this.dht.handleDatagram(now, from, bytes)
  }

  handleTimeout(now: Millis): void {
    this.#now = now
    if (now >= (this.dht.pollTimeout() ?? Number.POSITIVE_INFINITY)) this.dht.handleTimeout(now)
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now))
      this.#giveUp(due)
    if (now >= this.#pingAt) {
      this.#pingAt = now + KEEP_ALIVE_MS
      for (const { channel } of this.#sessions.values()) this.#send(channel, { kind: 'ping' })
    }
    this.#work()
  }

  pollTransmit(): Transmit | undefined {
    return this.dht.pollTransmit()
  }

  pollEvent(): SwarmEvent | undefined {
    for (let event = this.dht.pollEvent(); event !== undefined; event = this.dht.pollEvent()) this.#handleDht(event)
    this.#work()
    return this.#events.shift()
  }

  pollTimeout(): Millis | undefined {
    const book = this.#hasRoom ? this.#member.book.pollTimeout() : undefined
    const times = [this.dht.pollTimeout(), this.#topic.pollTimeout(), book, this.#deadlines.nextAt(), this.#pingAt]
    return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY))
  }

  handleOpened(now: Millis, { channel, remote, dial }: Opened): void {
    this.#now = now
    const dialled = dial === undefined ? undefined : this.#dials.get(dial)
    if (dial !== undefined && dialled === undefined) {
      this.#events.push({ kind: 'hang-up', channel })
      return
    }
    const session: Session = {
      channel,
      remote,
      wasDialled: dialled !== undefined,
      endpoint: dialled?.to,
      peerId: undefined,
      isProven: false,
    }
    this.#sessions.set(channel, session)
    if (dialled === undefined) return
    dialled.channel = channel
    this.#send(channel, { kind: 'upgrade' })
  }

  handleDialFailed(now: Millis, dial: number): void {
    this.#now = now
    this.#giveUp(dial)
    this.#work()
  }

  handleFrame(now: Millis, channel: number, text: Frame): void {
    this.#now = now
    const session = this.#sessions.get(channel)
    const frame = readFrame(text)
    if (session === undefined || frame === undefined) return
    switch (frame.kind) {
      case 'upgrade':
        this.#send(channel, { kind: 'upgraded' })
        break
      case 'upgraded':
        this.#send(channel, this.#hello)
        break
      case 'hello':
        this.#greet(session, frame)
        break
      case 'proof':
        if (session.peerId === undefined) break
        if (!session.wasDialled) this.#send(channel, { kind: 'proof' })
        this.#prove(session)
        break
      case 'servers':
        if (session.isProven) this.#hear(session, frame.servers)
        break
      case 'ping':
        break
    }
    this.#work()
  }

  handleClosed(now: Millis, channel: number): void {
    this.#now = now
    const session = this.#sessions.get(channel)
    if (session === undefined) return
    this.#end(session)
    this.#work()
  }

  get #hello(): SwarmFrame {
    return { kind: 'hello', topic: this.#name, peerId: this.#peerId, port: this.#options.port }
  }

  get #hasRoom(): boolean {
    return this.#dials.size < DIALS_MAX && this.servers < SERVERS_MAX
  }

  /** Does what the core of discovery wants done. */
  #work(): void {
    const now = this.#now
    for (let effect = this.#topic.pollEffect(now); effect !== undefined; effect = this.#topic.pollEffect(now)) {
      if (effect.kind !== 'lookup' && effect.kind !== 'announce') continue
      const { task } = effect
      if (effect.kind === 'announce') {
        const announce = { port: effect.port.port, isPortImplied: false }
        this.dht.lookup(now, this.#options.infoHash, {
          announce,
          onDone: ({ announcedTo }) => this.#topic.handleAnnounced(this.#now, task, announcedTo),
        })
      } else {
        this.dht.lookup(now, this.#options.infoHash, { onDone: () => this.#topic.handleSearched(this.#now, task) })
      }
    }
    while (this.#hasRoom) {
      const candidate = this.#topic.pollCandidate(now, this.#member)
      if (candidate === undefined) return
      const { host, port, source } = candidate
      const dial = this.#nextDial++
      this.#dials.set(dial, { to: { host, port }, source, channel: undefined })
      this.#deadlines.add(now + DIAL_TIMEOUT_MS, dial)
      this.#events.push({ kind: 'dial', dial, to: { host, port } })
    }
  }

  #handleDht(event: EngineEvent): void {
    this.#events.push(event)
    if (event.kind === 'peer') {
      const { host, port } = event.peer
      this.#topic.handleSighting(this.#now, { host, port, source: 'dht', from: event.from.host })
    } else if (event.kind === 'address') this.#topic.update(this.#now)
  }

  #greet(session: Session, hello: Extract<SwarmFrame, { kind: 'hello' }>): void {
    const { channel, endpoint, remote } = session
    if (hello.topic !== this.#name || hello.peerId === this.#peerId) {
      const outcome = hello.peerId === this.#peerId ? { kind: 'self' as const } : refused('another topic')
      if (endpoint !== undefined) this.#topic.report(this.#now, this.#member, endpoint, outcome)
      this.#hangUp(session)
      return
    }
    const isKnown = [...this.#sessions.values()].some((other) => other.isProven && other.peerId === hello.peerId)
    if (isKnown && session.wasDialled) {
      const { peerId } = hello
      if (endpoint !== undefined) this.#topic.report(this.#now, this.#member, endpoint, { kind: 'duplicate', peerId })
      this.#hangUp(session)
      return
    }
    session.peerId = hello.peerId
    if (session.wasDialled) this.#send(channel, { kind: 'proof' })
    else {
      if (hello.port !== undefined) session.endpoint = { host: remote.host, port: hello.port }
      this.#send(channel, this.#hello)
    }
  }

  #prove(session: Session): void {
    const { peerId, endpoint, channel } = session
    if (session.isProven || peerId === undefined) return
    session.isProven = true
    const others = [...this.#sessions.values()].filter((other) => isServer(other) && other !== session)
    this.#tell(channel, others)
    if (endpoint === undefined) return
    this.#topic.report(this.#now, this.#member, endpoint, { kind: 'connected', peerId, proven: true })
    const dial = this.#dialOf(channel)
    if (dial !== undefined) {
      this.#cache.handleProven(this.#now, this.#name, endpoint)
      const { source } = this.#dials.get(dial) as Dial
      this.#dials.delete(dial)
      this.#events.push({ kind: 'proven', source, afterMs: this.#now - this.#startedAt })
    }
    // Newcomers are learned by push.
    for (const other of this.#sessions.values()) {
      if (other.isProven && other !== session) this.#tell(other.channel, [session])
    }
  }

  /** Only servers tell. */
  #tell(channel: number, sessions: readonly Session[]): void {
    if (this.#options.port === undefined) return
    const servers = sessions.flatMap(({ endpoint }) => (endpoint === undefined ? [] : [endpoint]))
    if (servers.length > 0) this.#send(channel, { kind: 'servers', servers: servers.slice(0, SERVERS_PER_FRAME_MAX) })
  }

  #hear({ remote }: Session, servers: readonly Endpoint[]): void {
    for (const { host, port } of servers) {
      this.#topic.handleSighting(this.#now, { host, port, source: 'pex', from: remote.host })
    }
  }

  #giveUp(dial: number): void {
    const given = this.#dials.get(dial)
    if (given === undefined) return
    const session = given.channel === undefined ? undefined : this.#sessions.get(given.channel)
    this.#dials.delete(dial)
    if (session !== undefined) this.#hangUp(session)
    this.#fail(given.to)
  }

  #fail(endpoint: Endpoint): void {
    this.#cache.handleFailed(this.#name, endpoint)
    this.#topic.report(this.#now, this.#member, endpoint, { kind: 'failed', reason: 'no answer' })
  }

  #hangUp(session: Session): void {
    this.#events.push({ kind: 'hang-up', channel: session.channel })
    this.#sessions.delete(session.channel)
    const dial = this.#dialOf(session.channel)
    if (dial !== undefined) this.#dials.delete(dial)
  }

  /** The other side is gone. */
  #end(session: Session): void {
    this.#sessions.delete(session.channel)
    const dial = this.#dialOf(session.channel)
    if (dial !== undefined) this.#giveUp(dial)
    else if (session.isProven && session.endpoint !== undefined) {
      this.#topic.report(this.#now, this.#member, session.endpoint, { kind: 'disconnected' })
    }
  }

  #dialOf(channel: number): number | undefined {
    for (const [dial, { channel: own }] of this.#dials) if (own === channel) return dial
    return undefined
  }

  #send(channel: number, frame: SwarmFrame): void {
    this.#events.push({ kind: 'send', channel, frame: writeFrame(frame) })
  }
}

function isServer({ isProven, endpoint }: Session): boolean {
  return isProven && endpoint !== undefined
}

function refused(reason: string): { readonly kind: 'refused'; readonly reason: string } {
  return { kind: 'refused', reason }
}
