/** From a topic to candidate peers: the public face that owns the sources, and makes one session a join. */

import { EventEmitter } from 'node:events'
import { ClosedError, HOUR, isPort, systemRandom, toHex, UsageError } from '@shoal/base'
import { Dht } from '@shoal/dht'
import {
  type CandidateSource,
  INFO_HASH_BYTES,
  infoHashesAt,
  requireTopic,
  type Swarm,
  type SwarmJoinOptions,
  type Topic,
  topicKey,
} from '@shoal/peer'
import { ANNOUNCE_PACE } from './core/announce-schedule.ts'
import { BOOK_LIMITS } from './core/book-rules.ts'
import { LOOKUP_PACE } from './core/lookup-schedule.ts'
import { newSearchCounts, type SearchCounts } from './core/topic-machine.ts'
import type { AnnouncedPort } from './core/topic-member.ts'
import { CacheSource } from './node/cache-source.ts'
import { DhtSource } from './node/dht-source.ts'
import { InviteSource, requireInvite } from './node/invite-source.ts'
import { LanSource } from './node/lan-source.ts'
import { RosterMemory } from './node/roster-memory.ts'
import { RosterSource } from './node/roster-source.ts'
import type { Source, SourceTopic } from './node/source.ts'
import { StaticSource } from './node/static-source.ts'
import { type WakeReason, WakeWatch } from './node/wake-watch.ts'
import { checkDiscoveryOptions, type DiscoveryOptions, isDht } from './options.ts'
import { Session } from './session.ts'
import { TopicSearch } from './topic-search.ts'

export interface JoinOptions extends SwarmJoinOptions {
  /** Announces the port that our DHT socket is seen to have, for services that share it (BEP 5 `implied_port`). */
  readonly impliedPort?: boolean
  /** Only these sources hear of the port, to begin with; all without it. `session.announceTo` changes it. */
  readonly announceTo?: readonly CandidateSource[]
}

export interface DiscoveryStats extends Readonly<SearchCounts> {
  readonly topics: number
  /** How often this machine has slept, or changed its addresses. */
  readonly wakes: number
  readonly sessions: number
}

export interface DiscoveryEvents {
  /** Something is not as it should be, and is gone on without: a sentence for whoever runs this. */
  warning: [sentence: string]
  /** This machine has slept, or has other addresses: every topic is looked up and announced anew. */
  woken: [reason: WakeReason]
}

export class Discovery extends EventEmitter<DiscoveryEvents> implements Swarm {
  readonly #options: DiscoveryOptions
  readonly #random = systemRandom()
  /** BOUNDED: one a kind of source. */
  #sources: readonly Source[] | undefined
  #dht: Dht | undefined
  /** Those that are there from the start: nothing about them hangs on the first join. BOUNDED: one a kind. */
  readonly #ready: readonly Source[]
  /** UNBOUNDED: one a topic that our own user has joined. */
  readonly #searches = new Map<string, TopicSearch>()
  /** UNBOUNDED: one a join of our own user. */
  readonly #sessions = new Set<Session>()
  readonly #counts = newSearchCounts()
  readonly #onAbort = (): void => void this.close()
  readonly #rosters: RosterMemory
  #wakes = 0
  readonly #watch = new WakeWatch((reason) => this.#wake(reason))
  #closing: Promise<void> | undefined

  /**
   * Throws UsageError for options that make no sense and for an invite that is none any more, StateFileError for a peer cache or roster file of a later version or
   * that can't be read.
   */
  constructor(options: DiscoveryOptions = {}) {
    super()
    this.#options = options
    checkDiscoveryOptions(options)
    const { dht = options.sources === undefined } = options.sources ?? {}
    this.#ready = this.#openReady()
    const { file } = options.sources?.roster ?? {}
    this.#rosters = new RosterMemory({ file, onWarning: (sentence) => this.#warn(sentence) })
    if (isDht(dht)) {
      this.#dht = dht
      this.#sources = this.#openSources(false)
    }
    if (options.signal?.aborted) this.#onAbort()
    else options.signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Joins a topic: a text or what `parseTopic` makes of one, or the twenty bytes of its info hash. A port announces us; without
   * one we only look up. Throws UsageError for a topic or port that can't be, ClosedError after `close`.
   */
  join(topic: string | Topic | Uint8Array, options: JoinOptions = {}): Session {
    const about = sourceTopicOf(topic)
    const port = announcedPort(options)
    if (this.#closing !== undefined) throw new ClosedError('this discovery is closed: make a new one to join a topic')
    const key = searchKey(about)
    let search = this.#searches.get(key)
    if (search === undefined) this.#searches.set(key, (search = this.#newSearch(about, port)))
    const session: Session = new Session({
      search,
      port,
      announceTo: options.announceTo,
      onLeft: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    return session
  }

  /** Looks up and announces every joined topic now. */
  update(): void {
    for (const search of this.#searches.values()) search.update()
  }

  externalHosts(): readonly string[] {
    return [...new Set((this.#sources ?? []).flatMap((source) => source.externalHosts()))]
  }

  /** The DHT node in use: the one that was given, or our own from the first join on. */
  get dht(): Dht | undefined {
    return this.#dht
  }

  stats(): DiscoveryStats {
    return {
      topics: this.#searches.size,
      wakes: this.#wakes,
      sessions: this.#sessions.size,
      ...this.#counts,
      rejected: { ...this.#counts.rejected },
    }
  }

  /** Leaves every topic and ends everything of our own; a DHT that was given to us goes on. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#watch.close()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    await Promise.all([...this.#sessions].map((session) => session.leave()))
    await Promise.all((this.#sources ?? this.#ready).map((source) => source.close()))
  }

  #wake(reason: WakeReason): void {
    this.#wakes += 1
    for (const search of this.#searches.values()) search.wake()
    this.emit('woken', reason)
  }

  #newSearch(topic: SourceTopic, port: AnnouncedPort | undefined): TopicSearch {
    this.#sources ??= this.#openSources(port !== undefined)
    const { pace } = this.#options
    return new TopicSearch({
      topic,
      sources: this.#sources,
      random: this.#random,
      paces: { lookup: pace?.lookup ?? LOOKUP_PACE, announce: pace?.announce ?? ANNOUNCE_PACE },
      limits: { ...BOOK_LIMITS, ...this.#options.limits },
      counts: this.#counts,
      onEmpty: () => this.#searches.delete(searchKey(topic)),
    })
  }

  #openReady(): readonly Source[] {
    const { static: endpoints, invite, cache, lan } = this.#options.sources ?? { lan: true }
    const onWarning = (sentence: string): void => this.#warn(sentence)
    const ready: Source[] = endpoints === undefined ? [] : [new StaticSource(endpoints)]
    if (invite !== undefined) ready.push(new InviteSource({ invite: requireInvite(invite), onWarning }))
    if (cache !== undefined) ready.push(new CacheSource({ ...cache, onWarning }))
    if (lan) ready.push(new LanSource({ ...(lan === true ? {} : lan), onWarning }))
    return ready
  }

  /** Later, so that whoever has just made us can listen. */
  #warn(sentence: string): void {
    process.nextTick(() => void this.emit('warning', sentence))
  }

  /** Our own DHT node is made at the first join, because its role follows from it: who only looks up doesn't serve. */
  #openSources(announces: boolean): readonly Source[] {
    const { sources } = this.#options
    const given = sources === undefined ? true : (sources.dht ?? false)
    const opened: Source[] = [...this.#ready]
    if (!isDht(given) && given !== false) {
      this.#dht = new Dht({ mode: announces ? 'auto' : 'client', ...(given === true ? {} : given) })
    }
    const dht = this.#dht
    opened.push(new RosterSource({ dht, memory: this.#rosters }))
    if (dht !== undefined) opened.push(new DhtSource(dht, () => (isDht(given) ? Promise.resolve() : dht.close())))
    return opened
  }
}

function sourceTopicOf(given: string | Topic | Uint8Array): SourceTopic {
  if (given instanceof Uint8Array && given.length === INFO_HASH_BYTES) {
    const infoHash = Uint8Array.from(given)
    return { key: infoHash, topic: undefined, infoHashes: () => [infoHash] }
  }
  if (given instanceof Uint8Array || (typeof given !== 'string' && typeof given?.publicId !== 'string')) {
    throw new UsageError(`a topic is a text, or an info hash of ${INFO_HASH_BYTES} bytes`)
  }
  const topic = typeof given === 'string' ? requireTopic(given) : given
  return { key: topicKey(topic), topic, infoHashes: infoHashesOf(topic) }
}

/** They change at a full hour, if at all, and are asked for with every packet on the local network. */
function infoHashesOf(topic: Topic): () => readonly Uint8Array[] {
  let held: { readonly hour: number; readonly hashes: readonly Uint8Array[] } | undefined
  return () => {
    const hour = Math.floor(Date.now() / HOUR)
    if (held?.hour !== hour) held = { hour, hashes: infoHashesAt(topic, hour * HOUR) }
    return held.hashes
  }
}

/** Whoever joins by the info hash alone knows of no owner. */
function searchKey({ key, topic }: SourceTopic): string {
  return `${toHex(key)}${topic?.kind === 'owned' ? ' owned' : ''}`
}

function announcedPort(options: JoinOptions): AnnouncedPort | undefined {
  const { port, impliedPort = false } = options
  if (port === undefined) {
    if (!impliedPort) return undefined
    throw new UsageError('impliedPort announces us: give the port too, for nodes that do not know of it')
  }
  if (!isPort(port)) throw new UsageError(`${String(port)} is no port: announce one from 1 to 65535`)
  return { port, impliedPort }
}
