/** Whom a command's database has met: where candidates came from, who is connected, and whether more are to be expected. */

import type { EventEmitter } from 'node:events'
import { type Endpoint, formatEndpoint } from '@shoal/base'
import type { Candidate, CandidateSource } from '@shoal/peer'
import type { PeerInfo } from '@shoal/tool-db'
import type { JoinedSwarm, JoinedSwarmEvents } from '../joined-swarm.ts'

/** Candidates whose source is remembered; a command that finds more has no use for it. */
const SOURCES_MAX = 4_096

/** What is heard of: a database with its discovery. */
export interface Meeting {
  readonly swarm: (Pick<JoinedSwarm, 'asked'> & Pick<EventEmitter<JoinedSwarmEvents>, 'on'>) | undefined
  on(event: 'connected' | 'disconnected', listener: (peer: PeerInfo) => void): unknown
}

export class Encounters {
  /** BOUNDED: SOURCES_MAX, oldest out. */
  readonly #sources = new Map<string, CandidateSource>()
  /** Handed to the database and not heard of since. BOUNDED: by the dials that the candidate book allows. */
  readonly #dialling = new Map<string, Endpoint>()
  /** BOUNDED: by the database's limit on sessions. */
  readonly #servers = new Set<string>()
  /** BOUNDED: by the few waits of one command. */
  readonly #waiters = new Set<() => void>()
  /** Sources whose first look-up is not over. BOUNDED: by the kinds of source. */
  readonly #searching: Set<CandidateSource>

  constructor(db: Meeting) {
    const { swarm } = db
    this.#searching = new Set(swarm?.asked)
    swarm?.on('candidate', (candidate) => this.#take(candidate))
    swarm?.on('outcome', (endpoint) => this.#settle(endpoint))
    swarm?.on('searched', (_answered, source) => {
      this.#searching.delete(source)
      this.#tell()
    })
    db.on('connected', (peer: PeerInfo) => {
      if (!peer.server) return
      this.#servers.add(peer.peerId)
      this.#tell()
    })
    db.on('disconnected', (peer: PeerInfo) => {
      if (this.#servers.delete(peer.peerId)) this.#tell()
    })
  }

  /** How many servers are connected now. */
  get servers(): number {
    return this.#servers.size
  }

  /** The first look-up of each source is over, and all that was found has been dialled. */
  get isSettled(): boolean {
    return this.#searching.size === 0 && this.#dialling.size === 0
  }

  /** What is still being dialled. */
  get undecided(): readonly Endpoint[] {
    return [...this.#dialling.values()]
  }

  /** How an endpoint came to be known; servers that others told us of are neither looked up nor given. */
  sourceOf(endpoint: Endpoint): CandidateSource {
    return this.#sources.get(formatEndpoint(endpoint)) ?? 'pex'
  }

  /** Called with each candidate when it is first seen. */
  onCandidate: (candidate: Candidate) => void = () => {}

  /** True when something has changed, false when the time was over first. */
  async #changed(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (changed: boolean): void => {
        clearTimeout(timer)
        this.#waiters.delete(onChange)
        resolve(changed)
      }
      const onChange = (): void => done(true)
      const timer = setTimeout(() => done(false), ms)
      this.#waiters.add(onChange)
    })
  }

  /** True when the condition holds, false when the time was over first. */
  async until(condition: () => boolean, ms: number): Promise<boolean> {
    const over = performance.now() + ms
    while (!condition()) {
      if (!(await this.#changed(Math.max(0, over - performance.now())))) return condition()
    }
    return true
  }

  #take(candidate: Candidate): void {
    const key = formatEndpoint(candidate)
    this.#dialling.set(key, candidate)
    if (!this.#sources.has(key)) {
      this.#sources.set(key, candidate.source)
      const oldest = this.#sources.size > SOURCES_MAX ? this.#sources.keys().next().value : undefined
      if (oldest !== undefined) this.#sources.delete(oldest)
      this.onCandidate(candidate)
    }
    this.#tell()
  }

  #settle(endpoint: Endpoint): void {
    if (this.#dialling.delete(formatEndpoint(endpoint))) this.#tell()
  }

  #tell(): void {
    for (const waiter of [...this.#waiters]) waiter()
  }
}
