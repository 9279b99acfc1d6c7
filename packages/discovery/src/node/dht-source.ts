/** The Mainline DHT as a source: look-ups and announces of one node, which we may own or share. */

import type { Endpoint, Family } from '@shoal/base'
import type { AnnouncedPort } from '../core/topic-member.ts'
import type { AnnounceResult, LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

/** What discovery asks of a DHT node; `Dht` of @shoal/dht is one. */
export interface DhtLike {
  /** Rejects where its socket can't be bound. */
  readonly listening: Promise<unknown>
  /** Our address as other nodes see it, once it is known. */
  readonly externalAddress: Endpoint | undefined
  /** The same of each address family. */
  readonly externalAddresses?: { readonly [family in Family]?: Endpoint }
  lookup(infoHash: Uint8Array, options: { readonly signal: AbortSignal }): DhtLookupLike
  announce(
    infoHash: Uint8Array,
    options: { readonly port: number; readonly impliedPort: boolean; readonly signal: AbortSignal },
  ): Promise<AnnounceResult>
}

export interface DhtLookupLike extends AsyncIterable<Endpoint & { readonly from: Endpoint }> {
  readonly summary: Promise<{ readonly answered: number }>
}

export class DhtSource implements Source {
  readonly kind = 'dht'
  readonly #dht: DhtLike
  readonly #close: () => Promise<void>

  /** `close` ends the node where it is ours. */
  constructor(dht: DhtLike, close: () => Promise<void>) {
    this.#dht = dht
    this.#close = close
  }

  attach(topic: SourceTopic, sink: SourceSink): SourceHandle {
    return {
      lookup: (signal) => this.#lookup(topic, sink, signal),
      announce: (port: AnnouncedPort, signal) => this.#announce(topic, port, signal),
      detach: () => {},
    }
  }

  externalHosts(): readonly string[] {
    const { externalAddress, externalAddresses = {} } = this.#dht
    const addresses = [externalAddress, externalAddresses.ipv4, externalAddresses.ipv6]
    return [...new Set(addresses.flatMap((address) => (address === undefined ? [] : [address.host])))]
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #lookup(topic: SourceTopic, sink: SourceSink, signal: AbortSignal): Promise<LookupResult> {
    const answered = await Promise.all(
      topic.infoHashes().map(async (infoHash) => {
        const lookup = this.#dht.lookup(infoHash, { signal })
        for await (const { host, port, from } of lookup) sink.sight({ host, port, from: from.host })
        return (await lookup.summary).answered
      }),
    )
    return { answered: answered.some((count) => count > 0) }
  }

  /** Of two info hashes the one that fewer nodes stored counts: who knows only that must find us too. */
  async #announce(topic: SourceTopic, port: AnnouncedPort, signal: AbortSignal): Promise<AnnounceResult> {
    const announces = topic.infoHashes().map((infoHash) => this.#dht.announce(infoHash, { ...port, signal }))
    const results = await Promise.all(announces)
    return { nodes: Math.min(...results.map(({ nodes }) => nodes)) }
  }
}
