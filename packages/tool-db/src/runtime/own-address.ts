/** The endpoint that a server signs: what it was given, else what others see, else an address that leads here. */

import { type Endpoint, parseIp, scopeOf } from '@shoal/base'
import type { Swarm } from '@shoal/peer'
import { isSignableHost } from '@shoal/peer'
import { outwardAddress } from './own-endpoints.ts'

export interface OwnAddressInit {
  /** The option `host`, where it was given; tool-db's default never counts as such. */
  readonly host: string | undefined
  readonly bind: string | undefined
  readonly discovery: Swarm | undefined
}

export function ownEndpoint(init: OwnAddressInit, port: number): Endpoint {
  const { host, bind, discovery } = init
  if (host !== undefined && isSignableHost(host)) return { host, port }
  const seen = discovery?.externalHosts().find(isSignableHost)
  if (seen !== undefined) return { host: seen, port }
  if (bind !== undefined && !isEverywhere(bind) && isSignableHost(bind)) return { host: bind, port }
  return { host: outwardAddress() ?? '127.0.0.1', port }
}

function isEverywhere(bind: string): boolean {
  const ip = parseIp(bind)
  return ip !== undefined && scopeOf(ip) === 'martian'
}
