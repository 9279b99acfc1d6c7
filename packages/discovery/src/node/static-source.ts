/** Endpoints given by hand. Literals are there from the first moment; names are resolved again at every look-up. */

import { type Endpoint, formatEndpoint, isPort, parseHostPort, parseIp, UsageError } from '@shoal/base'
import { addressesOf } from './host-names.ts'
import type { LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

/** More are no list that a person has written. */
const ENDPOINTS_MAX = 256
/** A name may stand for several addresses; of more than these the rest is left out. */
const ADDRESSES_PER_NAME_MAX = 16

export class StaticSource implements Source {
  readonly kind = 'static'
  readonly #literals: readonly Endpoint[]
  readonly #names: readonly Endpoint[]

  /** Throws UsageError for what is no `host:port`. */
  constructor(endpoints: readonly (string | Endpoint)[]) {
    if (endpoints.length > ENDPOINTS_MAX) throw new UsageError(`at most ${ENDPOINTS_MAX} static peers can be given`)
    const parsed = endpoints.map(requireEndpoint)
    this.#literals = parsed.filter(isLiteral)
    this.#names = parsed.filter((endpoint) => !isLiteral(endpoint))
  }

  attach(_topic: SourceTopic, sink: SourceSink): SourceHandle {
    for (const endpoint of this.#literals) sink.sight(endpoint)
    if (this.#names.length === 0) return { detach: () => {} }
    return { lookup: (signal) => this.#resolveAll(sink, signal), detach: () => {} }
  }

  externalHosts(): readonly string[] {
    return []
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async #resolveAll(sink: SourceSink, signal: AbortSignal): Promise<LookupResult> {
    const found = await Promise.all(this.#names.map((name) => addressesOf(name, ADDRESSES_PER_NAME_MAX)))
    if (signal.aborted) return { answered: false }
    for (const endpoint of found.flat()) sink.sight(endpoint)
    return { answered: found.some((endpoints) => endpoints.length > 0) }
  }
}

function isLiteral(endpoint: Endpoint): boolean {
  return parseIp(endpoint.host) !== undefined
}

function requireEndpoint(given: string | Endpoint): Endpoint {
  const endpoint = typeof given === 'string' ? parseHostPort(given) : given
  if (endpoint !== undefined && typeof endpoint.host === 'string' && endpoint.host !== '' && isPort(endpoint.port)) {
    return { host: endpoint.host, port: endpoint.port }
  }
  const text = typeof given === 'string' ? given : formatEndpoint({ host: String(given.host), port: given.port })
  throw new UsageError(
    `"${text}" is no static peer: write host:port, with brackets around IPv6, such as [2001:db8::1]:9000`,
  )
}
