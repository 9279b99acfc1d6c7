/**
 * Whom to dial, and when. Endpoints given by hand are never given up; servers told by peers are forgotten when they stay
 * dead; proposals of the discovery session are dialled once and reported. All meet here, so an endpoint is dialled
 * once at a time.
 */

import {
  type Backoff,
  backoffDelay,
  type Endpoint,
  formatEndpoint,
  HOUR,
  jittered,
  MINUTE,
  type Millis,
} from '@shoal/base'
import { clientIdOf, type DialOutcome } from '@shoal/peer'
import type { NodeConfig } from './config.ts'
import { DialAttempts } from './dial-attempts.ts'
import {
  addHearsay,
  type DialEntry,
  type DialSource,
  type Hearsay,
  isOnlyOf,
  isOnlyProposed,
  isOnlyTold,
  newEntry,
  SUSPECTS_MAX,
  saw,
  type Teller,
} from './dial-entry.ts'
import { DialQueue } from './dial-queue.ts'
import { DialsInFlight } from './dials-in-flight.ts'
import type { Kernel, Timer } from './kernel.ts'
import { Remembered } from './remembered.ts'
import type { Session } from './session.ts'

export interface DialPlanHooks {
  isConnectedPeer(peerId: string): boolean
  serversConnected(): number
  /** Nobody answers there any more: it is no server to tell others of. */
  onGivenUp(address: string, endpoint: Endpoint): void
  /** Whoever is there has not proved himself, and others wait. */
  hangUp(session: Session): void
}

export interface OpenedDial {
  /** As it was dialled. */
  readonly endpoint: Endpoint
  /** The channel became this session. */
  bind(session: Session): void
  /** The channel was turned away. */
  refused(reason: string): void
}

const SELF_MEMORY = { lifetime: HOUR, countMax: 1_024 }
/** After the first tries, an endpoint given by hand is tried ever more rarely, up to once a minute. */
const PATIENCE: Backoff = { first: 4_000, most: MINUTE }

export class DialPlan {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #hooks: DialPlanHooks
  /** By `host:port`. BOUNDED: dialEntriesMax; those given by hand always fit, since the application bounds them. */
  readonly #entries = new Map<string, DialEntry>()
  readonly #queue = new DialQueue()
  /** BOUNDED: dialsMax. */
  readonly #attempts = new DialAttempts()
  #wayTimer: Timer | undefined
  readonly #flights: DialsInFlight
  /** By channel. BOUNDED: by the sessions. */
  readonly #open = new Map<number, DialEntry>()
  readonly #selves: Remembered
  #isClosed = false

  constructor(parts: { kernel: Kernel; config: NodeConfig }, hooks: DialPlanHooks) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#hooks = hooks
    this.#selves = new Remembered(parts.kernel, SELF_MEMORY)
    this.#flights = new DialsInFlight(parts.kernel, { onFailed: (entry, reason) => this.#handleFailed(entry, reason) })
  }

  get size(): number {
    return this.#entries.size
  }

  /** Endpoints that are being tried. */
  get dialling(): number {
    return this.#attempts.size
  }

  add(endpoint: Endpoint, source: DialSource, about: Hearsay = {}): void {
    if (this.#isClosed) return
    const name = formatEndpoint(endpoint)
    if (this.#selves.has(name)) {
      this.#reportNow(endpoint, source, { kind: 'self' })
      return
    }
    const held = this.#entries.get(name)
    if (held !== undefined) {
      this.#addSource(held, source, about)
      return
    }
    const hasRoom = this.#entries.size < this.#kernel.limits.dialEntriesMax && this.#mayTell(about.teller)
    if (source !== 'given' && !hasRoom) {
      this.#kernel.counters.add('refused.dial-entries')
      this.#reportNow(endpoint, source, { kind: 'failed', reason: 'too many endpoints' })
      return
    }
    const entry = newEntry(endpoint, source, about)
    this.#entries.set(name, entry)
    this.#enqueue(entry)
  }

  /** The channel of a dial has opened; gives the endpoint as it was dialled. */
  handleOpened(dial: number): OpenedDial | undefined {
    const entry = this.#flights.opened(dial)
    if (entry === undefined) return undefined
    const refused = (reason: string): void => {
      this.#attempts.end(entry)
      this.#settle(entry, this.#told(entry, { kind: 'refused', reason }))
      this.#startNext()
    }
    return {
      endpoint: entry.endpoint,
      bind: (session) => {
        if (session.state.kind === 'closed') return refused('closed at once')
        entry.state = { kind: 'open', session }
        entry.hasReported = false
        this.#open.set(session.channel, entry)
      },
      refused,
    }
  }

  /** What is known of an outbound session before it ends: the first word on it stands. */
  report(session: Session, outcome: DialOutcome): void {
    const entry = this.#open.get(session.channel)
    if (entry === undefined) return
    this.#attempts.end(entry)
    if (outcome.kind === 'connected') {
      entry.failures = 0
      saw(entry, outcome.peerId)
    } else if (entry.hasReported) return
    entry.hasReported = outcome.kind !== 'connected'
    this.#tell(entry, outcome)
    this.#settle(entry, outcome)
    this.#startNext()
  }

  /** An outbound session has ended. */
  handleClosed(session: Session, before: Session['state'], reason: string): void {
    const entry = this.#open.get(session.channel)
    if (entry === undefined) return
    this.#open.delete(session.channel)
    if (entry.state.kind !== 'open' || entry.state.session !== session) return
    this.#attempts.end(entry)
    if (before.kind === 'connected') {
      this.#tell(entry, { kind: 'disconnected' })
      this.#retry(entry, jittered(this.#config.wait / 4, 0.5, this.#kernel.random))
      return
    }
    const outcome = this.#endOf(before, reason)
    this.#tell(entry, outcome)
    this.#settle(entry, outcome)
    this.#startNext()
  }

  /** A peer is gone: its other endpoints are worth a try again. */
  handlePeerGone(peerId: string): void {
    // Of a plain server that names no address only the client id is known, which is the end of it.
    const clientId = clientIdOf(peerId)
    for (const entry of this.#entries.values()) {
      if (entry.state.kind !== 'alias') continue
      const claimants = [entry.state.peerId, ...entry.suspects]
      if (claimants.every((claimant) => clientIdOf(claimant) !== clientId)) continue
      this.#retry(entry, jittered(this.#config.wait / 4, 0.5, this.#kernel.random))
    }
  }

  /** The server that was told to be there has moved or vanished. */
  forgetTold(endpoint: Endpoint): void {
    const entry = this.#entries.get(formatEndpoint(endpoint))
    if (entry === undefined) return
    entry.sources.delete('told')
    if (entry.sources.size === 0 && entry.state.kind !== 'open') this.#drop(entry)
  }

  close(): void {
    this.#isClosed = true
    this.#flights.close()
    for (const entry of this.#entries.values()) this.#disarm(entry)
    this.#entries.clear()
    this.#queue.clear()
    this.#attempts.clear()
    this.#kernel.cancel(this.#wayTimer)
  }

  /** Of so many of its endpoints that nobody answers at yet, a teller's next displaces the first that has failed. */
  #mayTell(teller: Teller | undefined): boolean {
    if (teller === undefined) return true
    const theirs = [...this.#entries.values()].filter((entry) => isOnlyOf(entry, teller))
    if (theirs.length < this.#kernel.limits.dialEntriesPerTellerMax) return true
    const failed = theirs.find(
      ({ failures, seen, state }) => failures > 0 && seen === undefined && state.kind !== 'dialling',
    )
    if (failed === undefined) return false
    this.#kernel.counters.add('dials.displaced')
    this.#drop(failed)
    return true
  }

  #addSource(entry: DialEntry, source: DialSource, about: Hearsay): void {
    addHearsay(entry, source, about)
    const { state } = entry
    if (state.kind === 'open' && state.session.state.kind === 'connected') {
      if (source === 'proposed') this.#tell(entry, this.#connectedOutcome(state.session))
    } else if (state.kind === 'alias') {
      if (this.#connectedSuspect(entry) === undefined) this.#enqueue(entry)
      else if (source === 'proposed') this.#tell(entry, { kind: 'duplicate', peerId: state.peerId })
    } else if (state.kind === 'queued') this.#queue.add(entry)
    else if (state.kind === 'waiting' && source !== 'told') this.#enqueue(entry)
  }

  #enqueue(entry: DialEntry): void {
    this.#disarm(entry)
    entry.state = { kind: 'queued' }
    this.#queue.add(entry)
    this.#startNext()
  }

  #startNext(): void {
    while (!this.#queue.isEmpty && !this.#isClosed) {
      if (this.#attempts.size >= this.#kernel.limits.dialsMax) {
        if (!this.#makeWay()) return
        // Whoever gave way may have let the next one in already.
        continue
      }
      const entry = this.#queue.take()
      if (entry !== undefined) this.#dial(entry)
    }
  }

  /** Others wait: whoever has been tried longest gives its place away, once it has had its turn. */
  #makeWay(): boolean {
    const { now, limits } = this.#kernel
    const oldest = this.#attempts.oldest()
    if (oldest === undefined) return true
    const at = oldest.began + limits.dialTurn
    if (now < at) {
      this.#kernel.cancel(this.#wayTimer)
      this.#wayTimer = this.#kernel.after(at - now, () => this.#startNext())
      return false
    }
    this.#kernel.counters.add('dials.gave-way')
    this.#giveUp(oldest.entry)
    return true
  }

  #giveUp(entry: DialEntry): void {
    const { state } = entry
    this.#attempts.end(entry)
    if (state.kind === 'open') this.#hooks.hangUp(state.session)
    else if (state.kind === 'dialling') this.#flights.fail(entry, 'no answer while others waited')
  }

  #dial(entry: DialEntry): void {
    const connected = this.#connectedSuspect(entry)
    if (connected !== undefined) {
      this.#alias(entry, this.#told(entry, { kind: 'duplicate', peerId: connected }).peerId)
      return
    }
    if (!entry.sources.has('given') && this.#hooks.serversConnected() >= this.#kernel.limits.connectedServersMax) {
      this.#settle(entry, this.#told(entry, { kind: 'failed', reason: 'enough servers are connected' }))
      return
    }
    this.#flights.begin(entry)
    this.#attempts.begin(this.#kernel.now, entry)
  }

  #handleFailed(entry: DialEntry, reason: string): void {
    this.#attempts.end(entry)
    this.#settle(entry, this.#told(entry, { kind: 'failed', reason }))
    this.#startNext()
  }

  /** What an outcome means for the next try. */
  #settle(entry: DialEntry, outcome: DialOutcome): void {
    switch (outcome.kind) {
      case 'connected':
      case 'disconnected':
        return
      case 'self':
        this.#selves.add(formatEndpoint(entry.endpoint))
        this.#drop(entry)
        return
      case 'duplicate':
        saw(entry, outcome.peerId)
        this.#alias(entry, outcome.peerId)
        return
      case 'refused':
      case 'failed':
        entry.failures++
        this.#retry(entry, this.#delay(entry))
        return
    }
  }

  /** Its peer is connected another way. */
  #alias(entry: DialEntry, peerId: string): void {
    this.#disarm(entry)
    entry.failures = 0
    entry.state = { kind: 'alias', peerId }
    if (isOnlyProposed(entry)) this.#drop(entry)
  }

  /** Who makes a dial needless: hearsay is enough only where the endpoint itself is hearsay. */
  #connectedSuspect(entry: DialEntry): string | undefined {
    const { seen, suspects } = entry
    if (suspects.size >= SUSPECTS_MAX || (seen === undefined && !isOnlyTold(entry))) return undefined
    for (const address of suspects) if (!this.#hooks.isConnectedPeer(address)) return undefined
    return seen ?? [...suspects][0]
  }

  #delay(entry: DialEntry): Millis {
    const { wait, maxRetries } = this.#config
    if (entry.failures <= maxRetries) return jittered(wait, 0.25, this.#kernel.random)
    return backoffDelay(PATIENCE, entry.failures - maxRetries, this.#kernel.random)
  }

  #retry(entry: DialEntry, delay: Millis): void {
    if (isOnlyProposed(entry)) {
      this.#drop(entry)
      return
    }
    if (!entry.sources.has('given') && entry.failures > this.#config.maxRetries) {
      this.#kernel.counters.add('dials.given-up')
      this.#drop(entry)
      for (const address of entry.suspects) this.#hooks.onGivenUp(address, entry.endpoint)
      return
    }
    this.#disarm(entry)
    entry.state = { kind: 'waiting', timer: this.#kernel.after(delay, () => this.#enqueue(entry)) }
  }

  #drop(entry: DialEntry): void {
    const wasDialled = this.#flights.giveUp(entry)
    this.#disarm(entry)
    this.#queue.delete(entry)
    this.#attempts.end(entry)
    this.#entries.delete(formatEndpoint(entry.endpoint))
    entry.state = { kind: 'waiting', timer: undefined }
    if (wasDialled) this.#startNext()
  }

  #disarm({ state }: DialEntry): void {
    if (state.kind === 'waiting' || state.kind === 'dialling') this.#kernel.cancel(state.timer)
  }

  #endOf(before: Session['state'], reason: string): DialOutcome {
    // The other side keeps another connection with us, and said so by closing this one.
    if (before.kind === 'proving' && this.#hooks.isConnectedPeer(before.theirs.address)) {
      return { kind: 'duplicate', peerId: before.theirs.address }
    }
    return { kind: 'failed', reason }
  }

  #connectedOutcome(session: Session): DialOutcome {
    const { state } = session
    if (state.kind !== 'connected') return { kind: 'failed', reason: 'not connected' }
    return { kind: 'connected', peerId: state.peer.peerId, proven: state.peer.proven }
  }

  #told<T extends DialOutcome>(entry: DialEntry, outcome: T): T {
    this.#tell(entry, outcome)
    return outcome
  }

  /**
   * Discovery hears of everything that happens at its endpoints, and of every session wherever its endpoint was known from:
   * it meets the need, and discovery may remember it for the next run.
   */
  #tell(entry: DialEntry, outcome: DialOutcome): void {
    const isSession = outcome.kind === 'connected' || outcome.kind === 'disconnected'
    if (isSession || entry.sources.has('proposed'))
      this.#kernel.tell({ kind: 'report', endpoint: entry.endpoint, outcome })
  }

  #reportNow(endpoint: Endpoint, source: DialSource, outcome: DialOutcome): void {
    if (source === 'proposed') this.#kernel.tell({ kind: 'report', endpoint, outcome })
  }
}
