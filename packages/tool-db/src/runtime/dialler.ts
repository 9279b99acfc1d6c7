/**
 * Dials endpoints for the node. Whoever told of an endpoint may be a stranger: then names and addresses that lead into
 * loopback or a private network are not dialled, so that nobody can point us at somebody's internal port.
 */

import { lookup } from 'node:dns/promises'
import { type Endpoint, formatEndpoint, parseIp, scopeOf } from '@shoal/base'
import type { Channel, ChannelEvents, Network } from '../network/channel.ts'
import { DialError } from '../network/network-error.ts'

export class Dialler {
  readonly #network: Network
  /** By dial effect. BOUNDED: by the node's dialsMax. */
  readonly #dials = new Map<number, AbortController>()

  constructor(network: Network) {
    this.#network = network
  }

  async dial(
    id: number,
    target: { readonly endpoint: Endpoint; readonly globalOnly: boolean },
    events: (channel: Channel) => ChannelEvents,
  ): Promise<void> {
    const controller = new AbortController()
    this.#dials.set(id, controller)
    try {
      const endpoint = target.globalOnly ? await globalEndpoint(target.endpoint) : target.endpoint
      await this.#network.dial(endpoint, events, controller.signal)
    } finally {
      this.#dials.delete(id)
    }
  }

  cancel(id: number): void {
    this.#dials.get(id)?.abort(new Error('the time for this dial is over'))
  }

  cancelAll(): void {
    for (const controller of this.#dials.values()) controller.abort(new Error('closing'))
  }
}

/** The endpoint, a name resolved once: what was checked is what is dialled. */
async function globalEndpoint(endpoint: Endpoint): Promise<Endpoint> {
  const addresses =
    parseIp(endpoint.host) === undefined
      ? (await lookup(endpoint.host, { all: true })).map(({ address }) => address)
      : [endpoint.host]
  const host = addresses.find((address) => {
    const ip = parseIp(address)
    return ip !== undefined && scopeOf(ip) === 'global'
  })
  if (host === undefined) {
    throw new DialError(endpoint, `${formatEndpoint(endpoint)} is in a network that a stranger must not point us into`)
  }
  return { host, port: endpoint.port }
}
