/** BEP 43: who said `ro: 1` a moment ago is not queried, and told to nobody. */

import type { Millis } from '@shoal/base'
import { MINUTE } from '@shoal/base'
import type { DhtHost } from '../dht/dht-world.ts'
import { nodesIn } from './krpc-view.ts'
import { type OracleFactory, textKey } from './oracle.ts'

/** A node that was read-only may have become a server since. */
const REMEMBERED_MS = 10 * MINUTE
/** What was on its way when it said so. */
const GRACE_MS = 1_000

export const readOnlyNodes: OracleFactory = (_world, breach) => {
  /** By host: who said so, and when first. BOUNDED: by those who query. */
  const saidSo = new Map<DhtHost, Map<string, Millis>>()
  const isReadOnly = (host: DhtHost, endpoint: string, now: Millis): boolean => {
    const at = saidSo.get(host)?.get(endpoint)
    return at !== undefined && now - at > GRACE_MS && now - at < REMEMBERED_MS
  }
  return {
    name: 'read-only-nodes',
    handleStart: (host) => saidSo.delete(host),
    handleDelivered({ now, host, other, view }) {
      if (view?.kind !== 'query') return
      const said = saidSo.get(host) ?? new Map<string, Millis>()
      saidSo.set(host, said)
      const endpoint = textKey(other)
      if (!view.isReadOnly) said.delete(endpoint)
      else if (!isReadOnly(host, endpoint, now)) said.set(endpoint, now)
    },
    handleSent({ now, host, other, view }) {
      if (view?.kind === 'query' && isReadOnly(host, textKey(other), now)) {
        breach('read-only-nodes', host, `queries ${textKey(other)}, which says that it is read-only`)
      }
      if (view?.kind !== 'answer') return
      for (const { endpoint } of nodesIn(view.values.get('nodes'))) {
        if (isReadOnly(host, endpoint, now)) {
          breach('read-only-nodes', host, `tells ${textKey(other)} of ${endpoint}, which says that it is read-only`)
        }
      }
    },
  }
}
