/**
 * Who asks for the nodes closest to a target is told of the closest there are: no contact in good standing is passed over for one that is
 * farther away.
 */

import { latin1 } from '@shoal/base'
import { type Contact, compareDistance, nodeIdBytes, readNodeId } from '@shoal/dht/core'
import { nodesIn, textAt } from './krpc-view.ts'
import { answered, type OracleFactory, textKey } from './oracle.ts'

/** Sorting a table is dear: one answer in so many is looked at. */
const ANSWERS_BETWEEN_LOOKS = 8

export const closestNodes: OracleFactory = (_world, breach) => {
  let answers = 0
  return {
    name: 'closest-nodes',
    handleSent(seen) {
      const { host, node, other, view } = seen
      const query = answered(seen)
      if (query === undefined || view?.kind !== 'answer') return
      const target = textAt(query.args, query.method === 'find_node' ? 'target' : 'info_hash')
      if (target?.length !== 20 || ++answers % ANSWERS_BETWEEN_LOOKS !== 0) return
      const asker = textKey(other)
      const id = readNodeId(Uint8Array.from(target, (c) => c.charCodeAt(0)))
      const table = [...node.engine.contacts()].sort((a, b) => compareDistance(id, a.id, b.id))
      const told = new Set(nodesIn(view.values.get('nodes')).map((one) => one.id))
      const isTold = (contact: Contact): boolean => told.has(latin1(nodeIdBytes(contact.id)))
      // Those with a valid id (BEP 42) that strangers reach are preferred: nobody else may stand in front of one that is closer.
      const missed = table
        .slice(0, table.findLastIndex(isTold) + 1)
        .filter((contact) => contact.isSecure && contact.isProven && contact.failures === 0)
        .filter((contact) => textKey(contact.address) !== asker && !isTold(contact)).length
      if (missed > 0)
        breach('closest-nodes', host, `passes over ${missed} of those closest to a target, and names others`)
    },
  }
}
