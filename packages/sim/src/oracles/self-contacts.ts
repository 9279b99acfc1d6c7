/** Nobody is a contact of himself: a node neither queries nor holds its own address, and never tells an asker of the asker. */

import type { DhtHost } from '../dht/dht-world.ts'
import { nodesIn } from './krpc-view.ts'
import { answered, type OracleFactory, textKey } from './oracle.ts'

/** Where others reach it, as long as no NAT stands between. */
function ownEndpoint({ attachment }: DhtHost): string | undefined {
  return attachment.nat === undefined ? textKey(attachment.endpoint) : undefined
}

export const selfContacts: OracleFactory = (_world, breach) => ({
  name: 'self-contacts',
  handleSent(seen) {
    const { host, other, view } = seen
    const to = textKey(other)
    if (to === ownEndpoint(host)) breach('self-contacts', host, 'sends a datagram to itself')
    if (view?.kind !== 'answer' || answered(seen) === undefined) return
    for (const { endpoint } of nodesIn(view.values.get('nodes'))) {
      if (endpoint === to) breach('self-contacts', host, `tells ${to} of itself`)
    }
  },
  handleRest(_now, host, node) {
    const own = ownEndpoint(host)
    for (const { address } of node.engine.contacts()) {
      if (textKey(address) === own) breach('self-contacts', host, 'has itself in its table')
    }
  },
})
