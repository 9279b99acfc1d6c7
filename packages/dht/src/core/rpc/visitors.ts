/** Those who ask us something: they are answered, and may become contacts once they answer us. */

import type { Endpoint, Millis } from '@shoal/base'
import type { Counters } from '../counters.ts'
import { addressOf } from '../id/address.ts'
import { isSameId, type NodeId, readNodeId } from '../id/node-id.ts'
import type { KrpcQuery } from '../krpc/message.ts'
import type { EntryPoints } from '../routing/entry-points.ts'
import { prefixOf } from '../routing/network-policy.ts'
import type { RoutingTable } from '../routing/routing-table.ts'
import type { Upkeep } from '../routing/upkeep.ts'
import type { Self } from '../self.ts'
import type { Requester } from './requester.ts'
import type { Responder } from './responder.ts'

export interface VisitorsInit {
  readonly self: Self
  readonly table: RoutingTable
  readonly responder: Responder
  readonly requester: Requester
  readonly upkeep: Upkeep
  readonly entryPoints: EntryPoints
  readonly counters: Counters
}

export class Visitors {
  readonly #init: VisitorsInit

  constructor(init: VisitorsInit) {
    this.#init = init
  }

  handleQuery(now: Millis, from: Endpoint, query: { bytes: Uint8Array; message: KrpcQuery }): void {
    const { self, table, responder, counters } = this.#init
    const { callers } = self
    const { bytes, message } = query
    counters.queries[message.kind]++
    if (from.port === 0) return
    const { reachability } = self
    if (reachability !== undefined) {
      const address = addressOf(from, self.family)
      if (address !== undefined) reachability.wasAsked(now, from.host, prefixOf(address))
    }
    if (self.mode === 'client') counters.ignoredAsClient++
    else responder.handleQuery(now, from, query)
    if (message.isReadOnly || message.idAt < 0) return
    const id = readNodeId(bytes, message.idAt)
    const contact = table.find(id, from.host, from.port)
    if (contact !== undefined) contact.seenAt = now
    if (self.mode === 'client') return
    callers?.called(now, from.host)
    if (contact === undefined && table.hasRoomFor(now, id, callers !== undefined)) this.probe(now, id, from)
  }

  /** Pings a node that we heard of, if it may become a contact. */
  probe(now: Millis, id: NodeId, node: Endpoint): void {
    const { self, table, upkeep, entryPoints, requester } = this.#init
    const address = addressOf(node, self.family)
    if (address === undefined || entryPoints.isKeptOut(address) || !self.policy.acceptsNode(address)) return
    const known = table.at(address)
    if (known !== undefined && isSameId(known.id, id)) return
    if (self.callers?.isOutOfReach(now, address.host) === true) return
    if (!upkeep.mayProbe(now, id, address)) return
    requester.ask(now, address, { query: { method: 'ping' }, purpose: { kind: 'upkeep' } })
  }
}
