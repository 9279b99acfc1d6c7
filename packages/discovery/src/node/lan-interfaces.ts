/** The links that this machine is on, as far as multicast is of use there, and which addresses are on them. */

import { BlockList, isIP } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import type { Family } from '@shoal/base'

/** A container host has hundreds of virtual ones. */
const LINKS_MAX = 16

export interface LanInterface {
  readonly name: string
  readonly family: Family
  /** One of ours there. */
  readonly address: string
  /** All of ours there, of both families, other than link-local ones: those can't be dialled without their zone. */
  readonly addresses: readonly string[]
  readonly subnets: BlockList
}

/** True for an address that the link itself reaches (RFC 6762, 11): nobody else has a say there. */
export function isOnLink({ subnets }: LanInterface, host: string): boolean {
  const family = isIP(host)
  return family !== 0 && !isLinkLocal(host) && subnets.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

/** Loopback only where there is nothing else, or where it is named: who shares it mostly shares the others too. */
export function lanInterfaces(
  only?: readonly string[],
  all: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): readonly LanInterface[] {
  const named = Object.entries(all).filter(([name]) => only === undefined || only.includes(name))
  const links = named.flatMap(([name, infos = []]) => linksOf(name, infos))
  const outer = links.filter(({ isLoopback }) => !isLoopback)
  return (only === undefined && outer.length > 0 ? outer : links).slice(0, LINKS_MAX)
}

function linksOf(name: string, infos: readonly NetworkInterfaceInfo[]): (LanInterface & { isLoopback: boolean })[] {
  // Without a subnet there is no link to speak of: a tunnel, or an address that is routed to us alone.
  const own = infos.filter(({ address, cidr }) => !isLinkLocal(address) && !/\/(?:32|128)$/.test(cidr ?? '/32'))
  const subnets = new BlockList()
  for (const { address, cidr, family } of own) {
    subnets.addSubnet(address, Number((cidr as string).split('/')[1]), family === 'IPv6' ? 'ipv6' : 'ipv4')
  }
  const addresses = own.map(({ address }) => address)
  return (['IPv4', 'IPv6'] as const).flatMap((label) => {
    const first = own.find(({ family }) => family === label)
    if (first === undefined) return []
    const family = label === 'IPv6' ? 'ipv6' : 'ipv4'
    return [{ name, family, address: first.address, addresses, subnets, isLoopback: first.internal }]
  })
}

export function isLinkLocal(host: string): boolean {
  return /^fe[89ab]/i.test(host)
}
