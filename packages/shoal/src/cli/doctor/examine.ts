/** All steps of `shoal doctor`: they run at once, each within the time that there is, and are told in a fixed order. */

import { formatEndpoint } from '@shoal/base'
import { Dht, PUBLIC_ROUTERS } from '@shoal/dht'
import { dhtOptionsOf } from '../dht-options.ts'
import type { CommandContext } from '../lifecycle.ts'
import type { PeerFlags } from '../options.ts'
import { type Deadline, within } from '../waiting.ts'
import { judgeAddresses, judgeNames, judgeUdp, tryBootstrap } from './bootstrap.ts'
import { type Check, failed, passed, untried } from './check.ts'
import { checkClock } from './clock.ts'
import { checkDialBack } from './dial-back.ts'
import { interfaceAddresses, judgeExternalAddress } from './external-address.ts'
import { checkFileLimits } from './file-limits.ts'
import { checkFirewall } from './firewall.ts'
import { checkLan } from './lan.ts'
import { checkMapping } from './mapping.ts'
import { checkPort } from './port.ts'

export interface Examination {
  readonly flags: PeerFlags
  readonly port: number
  readonly deadline: Deadline
}

/** Checks as they come, in order; what is being waited for is shown meanwhile. */
export async function* examine(context: CommandContext, examination: Examination): AsyncGenerator<Check> {
  const { flags, port, deadline } = examination
  const time = new AbortController()
  const timer = setTimeout(() => time.abort(), deadline.left)
  context.onClose(() => clearTimeout(timer))
  context.onClose(() => time.abort())
  const { signal } = time
  const asksOutside = flags.network !== 'private' && flags.bootstrap === undefined && flags.dht
  const dht = flags.dht ? examineDht(context, examination, signal) : Promise.resolve(NO_DHT)
  const portFree = checkPort(port, flags.bind)
  const mapping = checkMapping(context, flags, deadline)
  const dialBack = checkDialBack(context, { ...flags, port }, { port: portFree, mapping, deadline })
  const steps: readonly (readonly [string, Promise<Check | readonly Check[]>])[] = [
    [
      'reading the clock',
      checkClock(AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(deadline.left / 3))]), asksOutside),
    ],
    ['reading the limits', checkFileLimits()],
    ['listening', portFree],
    ['reading the firewall', checkFirewall(port)],
    ['speaking to the local network', flags.lan ? checkLan(signal) : Promise.resolve(untried('LAN', 'left out'))],
    ['asking the router for a port', mapping],
    ['asking DHT nodes', dht],
    ['being dialled back', dialBack],
  ]
  for (const [, step] of steps) step.catch(() => {}) // Each is awaited below, in its turn.
  for (const [what, step] of steps) {
    context.output.progress(what)
    const found = await step
    yield* Array.isArray(found) ? (found as readonly Check[]) : [found as Check]
  }
}

const NO_DHT: readonly Check[] = [untried('UDP out', 'left out with --no-dht')]

async function examineDht(
  context: CommandContext,
  { flags, deadline }: Examination,
  signal: AbortSignal,
): Promise<readonly Check[]> {
  const dht = new Dht(dhtOptionsOf(flags, 'client'))
  context.onClose(() => dht.close())
  try {
    await dht.listening
  } catch (error) {
    return [
      failed(
        'UDP out',
        error instanceof Error ? error.message : String(error),
        'choose another UDP port with --dht-port, or another address with --bind',
      ),
    ]
  }
  const nodes = flags.bootstrap ?? PUBLIC_ROUTERS.map(formatEndpoint)
  if (nodes.length === 0) return [untried('UDP out', 'there is no bootstrap node to ask')]
  const trials = await tryBootstrap(dht, nodes, { signal, timeout: deadline.left })
  await untilSeen(dht, deadline)
  const isPrivateNetwork = dht.network === 'private'
  const { contacts, external } = { contacts: dht.contacts(), external: dht.externalAddresses }
  const answers = dht.stats().answered
  const own = interfaceAddresses()
  return [
    judgeUdp(trials, answers),
    judgeNames(trials, !isPrivateNetwork),
    judgeAddresses(trials),
    contacts.length > 0 ? passed('DHT', `${contacts.length} contacts`) : NO_CONTACTS,
    ...(['ipv4', 'ipv6'] as const).map((family) =>
      judgeExternalAddress({
        family,
        external: external[family],
        contacts: contacts.filter((contact) => contact.family === family).length,
        isPrivateNetwork,
        own,
      }),
    ),
  ]
}

const NO_CONTACTS = failed('DHT', 'no contacts', 'see the bootstrap checks above')

/** Until the nodes agree on how they see us, in each family that has any, or the time is over. */
async function untilSeen(dht: Dht, deadline: Deadline): Promise<void> {
  const agreed = new Promise<void>((resolve) => {
    const look = (): void => {
      if (dht.externalAddress !== undefined) resolve()
    }
    dht.on('address', look)
    look()
  })
  // A walk through the table asks enough nodes; what they say is counted by the way.
  const walked = dht.ready.then(() => dht.lookup(WALK_TARGET).summary)
  walked.catch(() => {})
  await within(deadline.left * 0.9, Promise.race([agreed, walked]))
}

/** Nobody announces here; any hash does. */
const WALK_TARGET = new Uint8Array(20).fill(0x5a)
