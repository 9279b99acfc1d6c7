/** The Mainline DHT as a source: look-ups and announces of one node, which we may own or share. */

import type { Endpoint } from '@shoal/base'
import type {
  AnnouncedPort,
  AnnounceResult,
  LookupResult,
  Source,
  SourceHandle,
  SourceSink,
  SourceTopic,
} from './source.ts'

/** What discovery asks of a DHT node. */
export interface DhtLike {
  readonly ready: Promise<unknown>
  lookup(infoHash: Uint8Array): DhtLookup
  announce(
    infoHash: Uint8Array,
    options: { readonly port: number; readonly impliedPort: boolean; readonly signal: AbortSignal },
  ): Promise<AnnounceResult>
}

export interface DhtLookup extends AsyncIterable<Endpoint & { readonly from: Endpoint }> {
  readonly summary: Promise<{ readonly answered: number }>
}

/**
 * A node that has just started knows nobody: a look-up before its bootstrap is over would end at once with nothing. One
 * that can't bootstrap is asked all the same, for it may know nodes that were given by hand.
 */
const READY_WAIT_MS = 3_000

export class DhtSource implements Source {
  readonly kind = 'dht'
  readonly #dht: DhtLike
  readonly #close: () => Promise<void>

  /** `close` ends the node where it is ours. */
  constructor(dht: DhtLike, close: () => Promise<void>) {
    this.#dht = dht
    this.#close = close
  }

  attach({ infoHash }: SourceTopic, sink: SourceSink): SourceHandle {
    return {
      lookup: (signal) => this.#lookup(infoHash, sink, signal),
      announce: (port, signal) => this.#announce(infoHash, port, signal),
      detach: () => {},
    }
  }

  externalHosts(): readonly string[] {
    return []
  }

  close(): Promise<void> {
    return this.#close()
  }

  async #lookup(infoHash: Uint8Array, sink: SourceSink, signal: AbortSignal): Promise<LookupResult> {
    await this.#isReady(signal)
    if (signal.aborted) return { answered: false }
    const lookup = this.#dht.lookup(infoHash)
    const peers = lookup[Symbol.asyncIterator]()
    // Ends the walk too, so that nothing is asked for a topic that was left.
    const onAbort = (): void => void peers.return?.()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      for (let next = await peers.next(); !next.done && !signal.aborted; next = await peers.next()) {
        const { host, port, from } = next.value
        sink.sight({ host, port, from: from.host })
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
    return { answered: !signal.aborted && (await lookup.summary).answered > 0 }
  }

  async #announce(infoHash: Uint8Array, port: AnnouncedPort, signal: AbortSignal): Promise<AnnounceResult> {
    await this.#isReady(signal)
    if (signal.aborted) return { nodes: 0 }
    return this.#dht.announce(infoHash, { ...port, signal })
  }

  #isReady(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, READY_WAIT_MS)
      signal.addEventListener('abort', done, { once: true })
      this.#dht.ready.then(done, done)
    })
  }
}
