/** No collection is over its bound: what the engine says of its sizes is held against its limits. */

import { K } from '@shoal/dht/core'
import type { OracleFactory } from './oracle.ts'

const ID_BITS = 160

export const bounds: OracleFactory = (_world, breach) => ({
  name: 'bounds',
  handleRest(_now, host, node) {
    const { contacts, buckets, infoHashes, peers, items, itemBytes, inFlight } = node.engine.sizes
    const limits = node.limits
    const held: readonly (readonly [string, number, number])[] = [
      ['contacts', contacts, K * buckets],
      ['buckets', buckets, ID_BITS],
      ['info hashes', infoHashes, limits.infoHashesMax],
      ['peers', peers, limits.peersMax],
      ['items', items, limits.itemsMax],
      ['bytes of items', itemBytes, limits.itemBytesMax],
      ['queries in flight', inFlight, limits.queriesInFlightMax],
    ]
    for (const [what, number, most] of held) {
      if (number > most) breach('bounds', host, `holds ${number} ${what}, ${most} at most`)
    }
  },
})
