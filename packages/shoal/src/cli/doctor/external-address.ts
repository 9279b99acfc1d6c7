/** Under which address do others see us? DHT nodes tell, and enough of them must agree. */

import { networkInterfaces } from 'node:os'
import { type Endpoint, type Family, parseIp, scopeOf } from '@shoal/base'
import { type Check, failed, passed, untried } from './check.ts'

export interface Seen {
  readonly family: Family
  /** What the nodes of this family agree on. */
  readonly external: Endpoint | undefined
  /** How many nodes of this family answered. */
  readonly contacts: number
  readonly isPrivateNetwork: boolean
  /** Addresses of this machine's interfaces. */
  readonly own: readonly string[]
}

export function judgeExternalAddress({ family, external, contacts, isPrivateNetwork, own }: Seen): Check {
  const version = family === 'ipv4' ? 4 : 6
  const name = `external address v${version}`
  if (external !== undefined) {
    const isOwn = own.includes(external.host)
    return passed(
      name,
      isOwn ? `${external.host}, an address of this machine` : `${external.host}, of a NAT in front of this machine`,
    )
  }
  const usable = own.filter((address) => isOutward(address, family))
  if (usable.length === 0) return untried(name, `this machine has no IPv${version} address that leads out`)
  if (isPrivateNetwork) return untried(name, `a private network: others see ${usable.join(', ')} as it is`)
  if (contacts === 0) return untried(name, `no DHT node answered over IPv${version}, so nobody could tell`)
  return failed(
    name,
    `${contacts} ${contacts === 1 ? 'node has' : 'nodes have'} answered, too few that agree on how they see this machine`,
    'give it more time with --timeout, or say the address with serve --host',
  )
}

export function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
}

function isOutward(address: string, family: Family): boolean {
  const ip = parseIp(address)
  if (ip === undefined || (ip.length === 4) !== (family === 'ipv4')) return false
  const scope = scopeOf(ip)
  return scope === 'global' || (scope === 'private' && !address.startsWith('fe80'))
}
