/**
 * What the owner of a topic has published about its servers, as a source: one mutable item on the DHT (BEP 44), found by the
 * owner's key. It needs no announce, so nobody can crowd it out; and it is read often, since it also says who is no server any
 * more. Peers hand it on too, and the newest is remembered from run to run.
 */

import { bytesEqual, fromHex, jittered, type Millis, SECOND, systemRandom } from '@shoal/base'
import {
  nobleVerifyEd25519,
  type OwnedTopic,
  openRoster,
  type RosterItem,
  rosterSalt,
  rosterTarget,
  type SignedRoster,
} from '@shoal/peer'
import type { RosterMemory } from './roster-memory.ts'
import type { LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

/** Whom the owner revokes is dropped within a minute: two reads and what they take. */
const READ_EVERY_MS: Millis = 22 * SECOND
const READ_JITTER = 0.2

/** What is asked of a DHT node; `Dht` of @shoal/dht is one. */
export interface RosterDht {
  /** The newest that there is, its signature checked; `again` asks those who answered the last time. */
  get(
    target: Uint8Array,
    options: {
      readonly salt: Uint8Array
      readonly publicKey: Uint8Array
      readonly again: true
      readonly signal: AbortSignal
    },
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

export interface RosterSourceInit {
  /** Without one it knows what peers hand on. */
  readonly dht: RosterDht | undefined
  readonly memory: RosterMemory
}

export class RosterSource implements Source {
  readonly kind = 'roster'
  readonly #init: RosterSourceInit

  constructor(init: RosterSourceInit) {
    this.#init = init
  }

  attach({ topic }: SourceTopic, sink: SourceSink): SourceHandle {
    return topic?.kind === 'owned' ? new RosterReader(this.#init, topic, sink).handle : { detach: () => {} }
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
  readonly #memory: RosterMemory
  readonly #topic: OwnedTopic
  readonly #sink: SourceSink
  readonly #item: { readonly target: Uint8Array; readonly salt: Uint8Array; readonly publicKey: Uint8Array }
  readonly #random = systemRandom()
  readonly #end = new AbortController()
  #held: SignedRoster | undefined
  /** What our node keeps on the DHT. */
  #kept: SignedRoster | undefined
  #reading: Promise<LookupResult> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ dht, memory }: RosterSourceInit, topic: OwnedTopic, sink: SourceSink) {
    this.#memory = memory
    this.#topic = topic
    this.#sink = sink
    const publicKey = fromHex(topic.owner) as Uint8Array
    this.#item = { target: rosterTarget(topic), salt: rosterSalt(topic), publicKey }
    const kept = memory.get(this.#item.target)
    if (kept !== undefined) this.#take(kept)
    this.handle = {
      handleRoster: (roster) => this.#take(roster),
      ...(dht === undefined ? {} : this.#onDht(dht)),
      detach: () => {
        clearTimeout(this.#timer)
        this.#end.abort()
      },
    }
  }

  #onDht(dht: RosterDht): Pick<SourceHandle, 'lookup' | 'announce' | 'withdraw'> {
    return {
      lookup: () => this.#read(dht),
      // Servers keep it alive: it carries its signature, and the owner need not be there.
      announce: async (_port, signal) => ({ nodes: await this.#keep(dht, signal) }),
      withdraw: async () => {
        this.#kept = undefined
        dht.forget(this.#item.target)
      },
    }
  }

  #read(dht: RosterDht): Promise<LookupResult> {
    clearTimeout(this.#timer)
    this.#reading ??= this.#ask(dht).finally(() => {
      this.#reading = undefined
      if (this.#end.signal.aborted) return
      this.#timer = setTimeout(
        () => {
          // A read that breaks off is repeated, and told of when the schedule asks for one.
          this.#read(dht).catch(() => {})
        },
        jittered(READ_EVERY_MS, READ_JITTER, this.#random),
      )
    })
    return this.#reading
  }

  async #ask(dht: RosterDht): Promise<LookupResult> {
    const { target, salt, publicKey } = this.#item
    this.#memory.settle()
    const found = await dht.get(target, { salt, publicKey, again: true, signal: this.#end.signal })
    if (found === undefined || this.#end.signal.aborted) return { answered: false }
    const { value, seq, signature } = found
    if (value instanceof Uint8Array && typeof seq === 'number' && signature !== undefined) {
      this.#take({ value, seq, signature })
    }
    this.#sight()
    return { answered: true }
  }

  /** One that is older than what we have seen is somebody's who would like the old times back. */
  #take(item: RosterItem): void {
    if (this.#held !== undefined && item.seq <= this.#held.seq) return
    const opened = openRoster(this.#topic, item, nobleVerifyEd25519)
    if (!opened.ok) return
    // What was remembered under this number may be damaged, or never signed.
    const remembered = this.#memory.get(this.#item.target)
    this.#held = opened.value
    if (remembered === undefined || !isSame(remembered, item)) this.#memory.keep(this.#item.target, opened.value)
    this.#sink.handleRoster?.(opened.value)
    this.#sight()
  }

  #sight(): void {
    for (const { endpoint } of this.#held?.roster.servers ?? []) this.#sink.sight(endpoint)
  }

  /** How many nodes store it; one, our own, where there is none or it is kept already. */
  async #keep(dht: RosterDht, signal: AbortSignal): Promise<number> {
    const held = this.#held
    if (held === undefined || held === this.#kept) return 1
    const { salt, publicKey } = this.#item
    const { value, seq, signature } = held
    const { nodes } = await dht.put({ value, seq, salt, key: { publicKey, sign: () => signature }, signal })
    this.#kept = held
    return nodes
  }
}

function isSame(a: RosterItem, b: RosterItem): boolean {
  return a.seq === b.seq && bytesEqual(a.signature, b.signature) && bytesEqual(a.value, b.value)
}
