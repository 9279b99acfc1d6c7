/** A look into all tables at one moment: how many contacts, and how many of them would not answer a stranger. */

import type { DhtHost, DhtWorld } from './dht-world.ts'

export interface Census {
  readonly running: number
  /** Contacts of a running node, on average. */
  readonly contacts: number
  /** Share of contacts that are down, moved away, or behind a NAT that strangers do not get through. */
  readonly deadShare: number
}

export function takeCensus(dht: DhtWorld): Census {
  const { network, hosts } = dht.world
  let running = 0
  let contacts = 0
  let dead = 0
  for (const host of [...dht.bootstrapHosts, ...dht.nodes]) {
    if (host.machine === undefined) continue
    running++
    for (const { address } of host.machine.engine.contacts()) {
      contacts++
      const attachment = network.at(address.host)
      const other = attachment === undefined ? undefined : (hosts[attachment.index] as DhtHost | undefined)
      const isThere = other?.machine !== undefined && other.attachment.port === address.port
      if (!isThere || attachment?.nat !== undefined) dead++
    }
  }
  return { running, contacts: contacts / Math.max(running, 1), deadShare: dead / Math.max(contacts, 1) }
}
