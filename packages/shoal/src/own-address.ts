/**
 * Which address of this machine others reach it by: the one that its packets towards them would carry. The operating
 * system chooses it when a UDP socket is connected; nothing is sent.
 */

import { createSocket } from 'node:dgram'
import { familyOf, parseHostPort, parseIp, scopeOf } from '@shoal/base'

/** Somebody far away: TEST-NET-1 (RFC 5737). Only the way there is asked for. */
const FAR_AWAY = '192.0.2.1'
/** The same over IPv6 (RFC 3849). */
const FAR_AWAY_6 = '2001:db8::1'
/** Any will do. */
const PORT = 9

/**
 * The address towards a literal address, or `undefined` where no way leads there. Answers at once: sockets are bound and
 * connected without waiting when there is no name to resolve.
 */
export function addressTowards(target: string): string | undefined {
  const family = familyOf(target) === 'ipv6' ? 6 : 4
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (name, _options, done) => done(null, name, family),
  })
  // What can't be bound or connected is also told by an event, later.
  socket.on('error', () => {})
  try {
    socket.bind({ port: 0, exclusive: true })
    socket.connect(PORT, target)
    const { address } = socket.address()
    return isAnybody(address) ? undefined : address
  } catch {
    return undefined
  } finally {
    socket.close()
  }
}

/**
 * The address towards those who are given as `host:port`, other than loopback if any of them is elsewhere. A name is
 * taken to be somewhere out there: what it stands for today is not worth a wait.
 */
export function addressTowardsAny(targets: readonly string[]): string | undefined {
  const hosts = targets.length === 0 ? [FAR_AWAY] : targets.map(literalOf)
  const addresses = [...new Set(hosts)].map(addressTowards).filter((address) => address !== undefined)
  return addresses.find((address) => !isLoopback(address)) ?? addresses[0]
}

/**
 * Whether everybody can dial an address of this machine: the one towards others, or, where IPv4 leads nowhere, its IPv6 address.
 * IPv6 beside an IPv4 NAT does not count: routers commonly drop what comes in there.
 */
export function hasPublicAddress(towardsOthers: string | undefined): boolean {
  const address = parseIp(towardsOthers ?? addressTowards(FAR_AWAY_6) ?? '')
  return address !== undefined && scopeOf(address) === 'global'
}

/** `host:port` of this very machine, in whatever spelling. */
export function isOwnMachine(target: string): boolean {
  return isLoopback(literalOf(target))
}

function literalOf(target: string): string {
  const host = parseHostPort(target)?.host ?? ''
  if (host === 'localhost') return '127.0.0.1'
  return parseIp(host) === undefined ? FAR_AWAY : host
}

export function isLoopback(address: string | undefined): boolean {
  const bytes = address === undefined ? undefined : parseIp(address)
  return bytes !== undefined && scopeOf(bytes) === 'loopback'
}

function isAnybody(address: string): boolean {
  const bytes = parseIp(address)
  return bytes === undefined || scopeOf(bytes) === 'martian'
}
