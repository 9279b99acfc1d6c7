/**
 * Peers proven before, as a source: known from the first moment of a run, without asking anybody. It learns from the
 * outcomes of our own dials alone, so an address is in it only if a peer proved itself there to us.
 */

import { type Endpoint, formatEndpoint, HOUR, parseIp, SECOND, toHex } from '@shoal/base'
import { readKeptFile, writeKeptFile } from '@shoal/dht'
import type { DialOutcome } from '@shoal/peer'
import { PeerCache } from '../core/peer-cache.ts'
import { CACHE_FILE, cacheFields } from './cache-file.ts'
import type { Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

export interface CacheOptions {
  /** Where it is kept; its folder is made. One process uses it at a time. */
  readonly file: string
}

/** After the first write at once, others are gathered for so long. */
const WRITE_APART_MS = SECOND
/** A session that is up is written down as seen again. */
const SEEN_EVERY_MS = HOUR

export interface CacheSourceInit extends CacheOptions {
  readonly onWarning: (sentence: string) => void
}

export class CacheSource implements Source {
  readonly kind = 'cache'
  readonly #file: string
  readonly #onWarning: (sentence: string) => void
  readonly #cache: PeerCache
  /** Those that are connected now, by topic. BOUNDED: by the sessions that the network allows. */
  readonly #connected = new Map<string, Map<string, Endpoint>>()
  readonly #seeing: NodeJS.Timeout
  #writing: NodeJS.Timeout | undefined
  #writtenAt = Number.NEGATIVE_INFINITY
  #isDirty = false
  #isWarned = false

  /** Throws a StateFileError where the file is of a later version or cannot be read. */
  constructor(init: CacheSourceInit) {
    this.#file = init.file
    this.#onWarning = init.onWarning
    const { value, warning } = readKeptFile(init.file, CACHE_FILE, new Date())
    this.#cache = new PeerCache(Date.now(), value)
    if (warning !== undefined) init.onWarning(warning)
    this.#seeing = setInterval(() => this.#seeConnected(), SEEN_EVERY_MS)
    this.#seeing.unref()
  }

  attach({ key }: SourceTopic, sink: SourceSink): SourceHandle {
    const topic = toHex(key)
    for (const { host, port } of this.#cache.peers(topic)) sink.sight({ host, port })
    return {
      lookup: () => {
        // What is dead for the candidate book comes up again where nothing else is left.
        const peers = this.#cache.peers(topic)
        for (const { host, port } of peers) sink.sight({ host, port })
        return Promise.resolve({ answered: peers.length > 0 })
      },
      handleOutcome: (endpoint, outcome) => this.#note(this.#learn(topic, endpoint, outcome)),
      detach: () => {
        this.#seeConnected()
        this.#connected.delete(topic)
      },
    }
  }

  externalHosts(): readonly string[] {
    return []
  }

  close(): Promise<void> {
    clearInterval(this.#seeing)
    this.#write()
    return Promise.resolve()
  }

  /** True where there is something to write down. */
  #learn(topic: string, endpoint: Endpoint, outcome: DialOutcome): boolean {
    // A name is resolved anew each time; where it led is no place of its own.
    if (parseIp(endpoint.host) === undefined) return false
    const name = formatEndpoint(endpoint)
    const connected = this.#connected.get(topic)
    switch (outcome.kind) {
      case 'connected':
        if (!outcome.proven) return false
        if (connected === undefined) this.#connected.set(topic, new Map([[name, endpoint]]))
        else connected.set(name, endpoint)
        return this.#cache.handleProven(Date.now(), topic, endpoint)
      case 'disconnected':
        return connected?.delete(name) === true && this.#cache.handleProven(Date.now(), topic, endpoint)
      case 'failed':
        return this.#cache.handleFailed(topic, endpoint)
      case 'self':
      case 'refused':
        return this.#cache.forget(topic, endpoint)
      case 'duplicate':
        return false
    }
  }

  #seeConnected(): void {
    const now = Date.now()
    for (const [topic, endpoints] of this.#connected) {
      for (const endpoint of endpoints.values()) this.#note(this.#cache.handleProven(now, topic, endpoint))
    }
  }

  #note(hasChanged: boolean): void {
    if (!hasChanged) return
    this.#isDirty = true
    const wait = this.#writtenAt + WRITE_APART_MS - performance.now()
    if (wait <= 0) this.#write()
    else {
      this.#writing ??= setTimeout(() => this.#write(), wait)
      this.#writing.unref()
    }
  }

  #write(): void {
    clearTimeout(this.#writing)
    this.#writing = undefined
    if (!this.#isDirty) return
    this.#isDirty = false
    this.#writtenAt = performance.now()
    try {
      writeKeptFile(this.#file, CACHE_FILE, cacheFields(this.#cache.snapshot()))
    } catch (error) {
      // Said once: a disk that is full stays so for a while.
      if (!this.#isWarned) {
        const why = error instanceof Error ? error.message : String(error)
        this.#onWarning(`the peer cache ${this.#file} could not be written: ${why}`)
      }
      this.#isWarned = true
    }
  }
}
