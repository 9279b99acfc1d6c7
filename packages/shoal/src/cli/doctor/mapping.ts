/** Behind a NAT: does the router open a port when it is asked? A port of no use to anybody is mapped, and given back at once. */

import { once } from 'node:events'
import { parseIp, scopeOf } from '@shoal/base'
import { type Mapped, NoGatewayError, PortMapping } from '@shoal/discovery'
import { addressTowardsAny, hasPublicAddress } from '../../own-address.ts'
import type { CommandContext } from '../lifecycle.ts'
import type { PeerFlags } from '../options.ts'
import { type Deadline, TIME_IS_OVER, within } from '../waiting.ts'
import { type Check, failed, passed, untried } from './check.ts'

const NAME = 'port mapping'
/** Not the server's own port: one that runs already would lose its mapping. */
const FIRST_PORT = 49_152
const PORTS = 16_384
const LEASE_SECONDS = 60
const BY_HAND =
  'forward the TCP port of the server to this machine in the router, and tell the address with serve --host'

export async function checkMapping(context: CommandContext, flags: PeerFlags, deadline: Deadline): Promise<Check> {
  const own = flags.bind ?? addressTowardsAny(flags.bootstrap ?? [])
  if (own === undefined) return untried(NAME, 'no way leads out of this machine')
  if (hasPublicAddress(own)) return untried(NAME, `not needed: ${own} is an address that everybody can dial`)
  if (flags.network === 'private' || isLoopback(own)) return untried(NAME, 'not needed on a private network')
  const mapping = new PortMapping({
    port: FIRST_PORT + Math.floor(Math.random() * PORTS),
    leaseSeconds: LEASE_SECONDS,
  })
  context.onClose(() => mapping.close())
  const mapped = once(mapping, 'mapped').then(([found]) => found as Mapped)
  const refused = once(mapping, 'failed').then(([error]) => error as Error)
  const found = await within(deadline.left, Promise.race([mapped, refused]))
  await mapping.close()
  return judgeMapping(found === TIME_IS_OVER ? new NoGatewayError() : found)
}

export function judgeMapping(found: Mapped | Error): Check {
  if (!(found instanceof Error)) {
    return passed(NAME, `the router at ${found.gateway} opens ports (${found.by}); it is ${found.externalHost} outside`)
  }
  if (found instanceof NoGatewayError) {
    return failed(NAME, 'no router here maps ports', `switch on UPnP or NAT-PMP in the router, or ${BY_HAND}`)
  }
  return failed(NAME, found.message, BY_HAND)
}

function isLoopback(host: string): boolean {
  const address = parseIp(host)
  return address !== undefined && scopeOf(address) === 'loopback'
}
