/**
 * What the owner of a topic has published about its servers, as a source: one mutable item on the DHT (BEP 44), found by the
 * owner's key. It needs no announce, so nobody can crowd it out; and it is read often, since it also says who is no server any more.
 */

import { fromHex, jittered, type Millis, SECOND, systemRandom } from '@shoal/base'
import { type OwnedTopic, parseRoster, rosterSalt, rosterTarget, type TopicRoster } from '@shoal/peer'
import type { LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

/** Whom the owner revokes is dropped within a minute: two reads and what they take. */
const READ_EVERY_MS: Millis = 22 * SECOND
const READ_JITTER = 0.2

/** What is asked of a DHT node; `Dht` of @shoal/dht is one. */
export interface RosterDht {
  /** The newest that there is, its signature checked. */
  get(
    target: Uint8Array,
    options: { readonly salt: Uint8Array; readonly publicKey: Uint8Array; readonly signal: AbortSignal },
  ): Promise<FoundItem | undefined>
  /** Puts it now and, from then on, whenever nodes may have forgotten it. */
  put(options: {
    readonly value: Uint8Array
    readonly key: { readonly publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array }
    readonly seq: number | bigint
    readonly salt: Uint8Array
    readonly signal: AbortSignal
  }): Promise<{ readonly nodes: number }>
  forget(target: Uint8Array): boolean
}

export interface FoundItem {
  readonly value: unknown
  readonly seq: number | bigint | undefined
  readonly signature: Uint8Array | undefined
}

interface Held {
  readonly value: Uint8Array
  readonly seq: number | bigint
  readonly signature: Uint8Array
  readonly roster: TopicRoster
}

export class RosterSource implements Source {
  readonly kind = 'roster'
  readonly #dht: RosterDht

  constructor(dht: RosterDht) {
    this.#dht = dht
  }

  attach({ topic }: SourceTopic, sink: SourceSink): SourceHandle {
    return topic?.kind === 'owned' ? new RosterReader(this.#dht, topic, sink).handle : { detach: () => {} }
  }

  externalHosts(): readonly string[] {
    return []
  }

  /** The node is its owner's to close, and each reader ends with its topic. */
  close(): Promise<void> {
    return Promise.resolve()
  }
}

class RosterReader {
  readonly handle: SourceHandle
  readonly #dht: RosterDht
  readonly #sink: SourceSink
  readonly #item: { readonly target: Uint8Array; readonly salt: Uint8Array; readonly publicKey: Uint8Array }
  readonly #random = systemRandom()
  readonly #end = new AbortController()
  #held: Held | undefined
  /** What our node keeps on the DHT. */
  #kept: Held | undefined
  #reading: Promise<LookupResult> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(dht: RosterDht, topic: OwnedTopic, sink: SourceSink) {
    this.#dht = dht
    this.#sink = sink
    const publicKey = fromHex(topic.owner) as Uint8Array
    this.#item = { target: rosterTarget(topic), salt: rosterSalt(topic), publicKey }
    this.handle = {
      lookup: () => this.#read(),
      // Servers keep it alive: it carries its signature, and the owner need not be there.
      announce: async (_port, signal) => ({ nodes: await this.#keep(signal) }),
      withdraw: async () => void this.#dht.forget(this.#item.target),
      detach: () => {
        clearTimeout(this.#timer)
        this.#end.abort()
      },
    }
  }

  #read(): Promise<LookupResult> {
    clearTimeout(this.#timer)
    this.#reading ??= this.#ask().finally(() => {
      this.#reading = undefined
      if (this.#end.signal.aborted) return
      this.#timer = setTimeout(
        () => {
          // A read that breaks off is repeated, and told of when the schedule asks for one.
          this.#read().catch(() => {})
        },
        jittered(READ_EVERY_MS, READ_JITTER, this.#random),
      )
    })
    return this.#reading
  }

  async #ask(): Promise<LookupResult> {
    const { target, salt, publicKey } = this.#item
    const found = await this.#dht.get(target, { salt, publicKey, signal: this.#end.signal })
    if (found === undefined || this.#end.signal.aborted) return { answered: false }
    this.#take(found)
    for (const { endpoint } of this.#held?.roster.servers ?? []) this.#sink.sight(endpoint)
    return { answered: true }
  }

  /** One that is older than what we have seen is somebody's who would like the old times back. */
  #take({ value, seq, signature }: FoundItem): void {
    if (!(value instanceof Uint8Array) || seq === undefined || signature === undefined) return
    if (this.#held !== undefined && seq <= this.#held.seq) return
    const roster = parseRoster(value)
    if (!roster.ok) return
    this.#held = { value, seq, signature, roster: roster.value }
    this.#sink.handleRoster?.(roster.value)
  }

  /** How many nodes store it; one, our own, where there is none or it is kept already. */
  async #keep(signal: AbortSignal): Promise<number> {
    const held = this.#held
    if (held === undefined || held === this.#kept) return 1
    const { salt, publicKey } = this.#item
    const { value, seq, signature } = held
    const { nodes } = await this.#dht.put({ value, seq, salt, key: { publicKey, sign: () => signature }, signal })
    this.#kept = held
    return nodes
  }
}
