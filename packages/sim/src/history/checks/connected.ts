/** [H-10] Once the faults are over, everybody is connected to all servers again, by himself. */

import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts } from '../check.ts'

export class Connected implements Check {
  readonly #parts: CheckParts

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    for (const host of hosts) {
      const missing = missingServers(host, hosts)
      if (missing.length === 0) continue
      const names = missing.map(({ name }) => name).join(', ')
      this.#parts.breach('connected', `${host.name} is not connected to ${names} long after the faults are over`)
    }
  }
}

export function areConnected(hosts: readonly DatabaseHost[]): boolean {
  return hosts.every((host) => missingServers(host, hosts).length === 0)
}

/** A connection counts that both sides know of: of one that broke silently one of them knows nothing yet. */
function missingServers(host: DatabaseHost, hosts: readonly DatabaseHost[]): readonly DatabaseHost[] {
  return hosts.filter((other) => other !== host && other.isServer && !(knows(host, other) && knows(other, host)))
}

function knows({ host }: DatabaseHost, { key }: DatabaseHost): boolean {
  return host.machine?.node.peers().some(({ peerId }) => peerId === key.address) === true
}
