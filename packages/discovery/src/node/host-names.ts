/** What a name stands for right now. */

import { lookup } from 'node:dns/promises'
import type { Endpoint } from '@shoal/base'

/** Of a name with more addresses than `most` the rest is left out; none while it can't be resolved. */
export async function addressesOf(name: Endpoint, most: number): Promise<readonly Endpoint[]> {
  try {
    const addresses = await lookup(name.host, { all: true })
    return addresses.slice(0, most).map(({ address }) => ({ host: address, port: name.port }))
  } catch {
    return [] // Offline, or no such name today: the schedule asks again.
  }
}
