/** Where a node listens: one place for each address family, or for each address that was named (BEP 32, BEP 45). */

import { type Family, familyOf, parseIp, type RandomSource, UsageError } from '@shoal/base'
import { NodeId, randomNodeId } from './core/id/node-id.ts'
import type { DhtOptions } from './options.ts'

export interface Place {
  readonly family: Family
  /** A literal address, or a name of this machine. */
  readonly host: string
  /** The node works without it, as long as it has another. */
  readonly isOptional: boolean
}

/** All addresses of a family. */
const ANY: { readonly [family in Family]: string } = { ipv4: '0.0.0.0', ipv6: '::' }
const FAMILIES: readonly Family[] = ['ipv4', 'ipv6']
const HOSTS_MAX = 64

export function isAnyHost(host: string): boolean {
  return host === ANY.ipv4 || host === ANY.ipv6
}

export function placesOf({ host, families }: DhtOptions): readonly Place[] {
  const wanted = parseFamilies(families)
  const hosts = host === undefined ? [] : typeof host === 'string' ? [host] : host
  if (host !== undefined && !(Array.isArray(hosts) && hosts.length > 0 && hosts.length <= HOSTS_MAX)) {
    throw new UsageError(`host must be an address or 1 to ${HOSTS_MAX} of them`)
  }
  if (hosts.length === 0) {
    // Not every machine has IPv6, and some have nothing else.
    const isOptional = families === undefined
    return wanted.map((family) => ({ family, host: ANY[family], isOptional }))
  }
  return hosts.flatMap((one): Place[] => {
    if (typeof one !== 'string' || one === '') throw new UsageError('host must be an address, or several')
    // A name may have addresses of one family only.
    if (parseIp(one) === undefined)
      return wanted.map((family) => ({ family, host: one, isOptional: wanted.length > 1 }))
    const family = familyOf(one)
    if (!wanted.includes(family)) throw new UsageError(`${one} is none of the families ${wanted.join(', ')}`)
    return [{ family, host: one, isOptional: false }]
  })
}

function parseFamilies(families: readonly Family[] | undefined): readonly Family[] {
  if (families === undefined) return FAMILIES
  if (!Array.isArray(families) || families.length === 0 || !families.every((family) => FAMILIES.includes(family))) {
    throw new UsageError(`families must be some of ipv4 and ipv6, not ${JSON.stringify(families)}`)
  }
  return FAMILIES.filter((family) => families.includes(family))
}

/**
 * One id for the first place of each family (BEP 32), and ids far apart for the others (BEP 45): of a given id the
 * highest bits are turned, of none each is random.
 */
export function idsFor(places: readonly Place[], given: NodeId | undefined, random: RandomSource): readonly NodeId[] {
  const first = given ?? randomNodeId(random)
  return places.map(({ family }, i) => {
    const before = places.slice(0, i).filter((place) => place.family === family).length
    if (before === 0) return first
    if (given === undefined) return randomNodeId(random)
    return new NodeId([given.w0 ^ reversedBits(before), given.w1, given.w2, given.w3, given.w4])
  })
}

function reversedBits(value: number): number {
  let reversed = 0
  for (let bit = 0; bit < 32; bit++) if ((value >>> bit) & 1) reversed |= 1 << (31 - bit)
  return reversed
}
