/** A source that does what its test says, and remembers what it was asked. */

import type { CandidateSource } from '@shoal/peer'
import type { AnnouncedPort } from '../src/core/topic-member.ts'
import type { AnnounceResult, LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from '../src/node/source.ts'

export interface AskedLookup {
  readonly signal: AbortSignal
  finish(answered?: boolean): void
  fail(error: Error): void
}

export interface AskedAnnounce extends AnnouncedPort {
  readonly signal: AbortSignal
  finish(nodes?: number): void
  fail(error: Error): void
}

export class FakeSource implements Source {
  readonly kind: CandidateSource = 'dht'
  readonly lookups: AskedLookup[] = []
  readonly announces: AskedAnnounce[] = []
  attached = 0
  detached = 0
  closed = 0
  running = 0
  runningMost = 0
  /** Answers at once, with these endpoints. */
  auto: string[] | undefined
  sink: SourceSink | undefined

  attach(_topic: SourceTopic, sink: SourceSink): SourceHandle {
    this.attached += 1
    this.sink = sink
    return {
      lookup: (signal) => this.#lookup(signal),
      announce: (port, signal) => this.#announce(port, signal),
      detach: () => {
        this.detached += 1
      },
    }
  }

  sight(host: string, port = 9000): void {
    this.sink?.sight({ host, port, from: '5.6.7.8' })
  }

  externalHosts(): readonly string[] {
    return []
  }

  close(): Promise<void> {
    this.closed += 1
    return Promise.resolve()
  }

  #lookup(signal: AbortSignal): Promise<LookupResult> {
    this.running += 1
    this.runningMost = Math.max(this.running, this.runningMost)
    const asked = new Promise<LookupResult>((resolve, reject) => {
      signal.addEventListener('abort', () => resolve({ answered: false }), { once: true })
      this.lookups.push({ signal, finish: (answered = true) => resolve({ answered }), fail: reject })
    })
    for (const host of this.auto ?? []) this.sight(host)
    if (this.auto) this.lookups.at(-1)?.finish()
    return asked.finally(() => {
      this.running -= 1
    })
  }

  #announce(port: AnnouncedPort, signal: AbortSignal): Promise<AnnounceResult> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => resolve({ nodes: 0 }), { once: true })
      this.announces.push({ ...port, signal, finish: (nodes = 8) => resolve({ nodes }), fail: reject })
      if (this.auto) this.announces.at(-1)?.finish()
    })
  }
}
