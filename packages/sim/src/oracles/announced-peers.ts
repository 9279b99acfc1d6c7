/** No peer is handed out that nobody announced here, nor one whose announcement has expired. */

import type { Millis } from '@shoal/base'
import { PEER_LIFETIME_MS } from '@shoal/dht/core'
import type { DhtHost } from '../dht/dht-world.ts'
import { type KrpcView, peersIn, textAt } from './krpc-view.ts'
import { answered, type OracleFactory } from './oracle.ts'

/** A store may forget in coarse steps. */
const GRACE_MS = 60_000

export const announcedPeers: OracleFactory = (_world, breach) => {
  /** By host: info hash and peer, with the time. BOUNDED: by what is announced. */
  const announced = new Map<DhtHost, Map<string, Millis>>()
  /** What a node announced it has in its own store too, by the address that it had then. BOUNDED: by the moves of the scenario. */
  const ownHosts = new Map<DhtHost, Set<string>>()
  return {
    name: 'announced-peers',
    handleStart: (host) => announced.delete(host),
    handleSent(seen) {
      const { now, host, other, view } = seen
      const mine = ownHosts.get(host)?.add(host.attachment.host) ?? new Set([host.attachment.host])
      ownHosts.set(host, mine)
      const query = answered(seen)
      if (query === undefined || view?.kind !== 'answer') return
      const own = announced.get(host) ?? new Map<string, Millis>()
      announced.set(host, own)
      const infoHash = textAt(query.args, 'info_hash') ?? ''
      if (query.method === 'announce_peer')
        own.set(`${infoHash} ${other.host}:${announcedPort(query, other.port)}`, now)
      if (query.method !== 'get_peers') return
      for (const peer of peersIn(view.values.get('values'))) {
        if (mine.has(peer.slice(0, peer.indexOf(':')))) continue
        const at = own.get(`${infoHash} ${peer}`)
        if (at === undefined) return breach('announced-peers', host, `hands out ${peer}, which nobody announced`)
        if (now - at > PEER_LIFETIME_MS + GRACE_MS) {
          breach('announced-peers', host, `hands out ${peer}, announced ${Math.round((now - at) / 1_000)} s ago`)
        }
      }
    },
  }
}

function announcedPort({ args }: Extract<KrpcView, { kind: 'query' }>, seen: number): number {
  const port = args.get('port')
  return args.get('implied_port') === 1 || typeof port !== 'number' ? seen : port
}
