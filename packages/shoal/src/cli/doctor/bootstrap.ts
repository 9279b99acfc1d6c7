/**
 * Can the DHT be entered? Names of bootstrap nodes are resolved (are they blocked, or poisoned?), then each node is asked
 * by name and by the addresses behind it: UDP goes out, and answers come back.
 */

import { lookup } from 'node:dns/promises'
import { formatEndpoint, parseHostPort, parseIp, scopeOf } from '@shoal/base'
import type { Dht } from '@shoal/dht'
import { TIME_IS_OVER, within } from '../waiting.ts'
import { type Check, failed, passed, untried } from './check.ts'

export interface BootstrapTrial {
  /** `host:port`, as it was given. */
  readonly given: string
  readonly isName: boolean
  /** What the name stands for, or the literal; empty where it could not be resolved. */
  readonly addresses: readonly string[]
  /** Those that answered. */
  readonly answered: readonly string[]
}

/** Addresses per name that are asked; more would be a flood. */
const ADDRESSES_MAX = 4

export async function tryBootstrap(
  dht: Dht,
  nodes: readonly string[],
  { signal, timeout }: { readonly signal: AbortSignal; readonly timeout: number },
): Promise<readonly BootstrapTrial[]> {
  return await Promise.all(
    nodes.map(async (given) => {
      const { host, port } = parseHostPort(given) ?? { host: '', port: 0 }
      const isName = parseIp(host) === undefined
      const addresses = isName ? await resolveName(host, timeout / 2) : [host]
      const asked = await Promise.all(
        addresses.map((address) =>
          dht.ping({ host: address, port }, { signal }).then(
            () => address,
            () => undefined,
          ),
        ),
      )
      return { given, isName, addresses, answered: asked.filter((address) => address !== undefined) }
    }),
  )
}

async function resolveName(name: string, ms: number): Promise<readonly string[]> {
  const found = await within(
    ms,
    lookup(name, { all: true }).catch(() => []),
  )
  return found === TIME_IS_OVER ? [] : found.slice(0, ADDRESSES_MAX).map(({ address }) => address)
}

export function judgeUdp(trials: readonly BootstrapTrial[], answers: number): Check {
  const name = 'UDP out'
  if (answers > 0) return passed(name, 'datagrams go out, and answers come back')
  if (trials.every(({ addresses }) => addresses.length === 0)) {
    return untried(name, 'there is no address to send to')
  }
  return failed(
    name,
    'nobody answered a datagram',
    'let UDP out of this machine and its network (any destination port), or go to another network; servers can still be named with --peer HOST:PORT',
  )
}

export function judgeNames(trials: readonly BootstrapTrial[], expectsPublic: boolean): Check {
  const name = 'bootstrap by name'
  const named = trials.filter(({ isName }) => isName)
  if (named.length === 0) return untried(name, 'no bootstrap node was given by name')
  const fine = named.filter(({ answered }) => answered.length > 0)
  if (fine.length > 0) return passed(name, `${fine.length} of ${named.length} names resolve to nodes that answer`)
  const poisoned = named.filter(
    ({ addresses }) => expectsPublic && addresses.length > 0 && !addresses.some((address) => isGlobal(address)),
  )
  const dead = named.filter(({ addresses }) => addresses.length === 0)
  const fix =
    'use another resolver (such as 9.9.9.9), or begin with addresses: --bootstrap HOST:PORT of any DHT node, --peer HOST:PORT of a server'
  if (poisoned.length > 0) {
    const { given, addresses } = poisoned[0] as BootstrapTrial
    return failed(name, `${given} resolves to ${addresses[0]}: somebody answers for the name falsely`, fix)
  }
  if (dead.length === named.length) return failed(name, `none of the ${named.length} names resolves`, fix)
  return failed(name, `${named.length - dead.length} names resolve, but no node behind them answers`, fix)
}

/** By address: those given as such, and those behind the names. */
export function judgeAddresses(trials: readonly BootstrapTrial[]): Check {
  const name = 'bootstrap by address'
  const addresses = trials.flatMap((trial) => trial.addresses)
  if (addresses.length === 0) return untried(name, 'no address of a bootstrap node is known')
  const answered = trials.flatMap((trial) => trial.answered)
  if (answered.length > 0) return passed(name, `${answered.length} of ${addresses.length} addresses answer`)
  const first = trials.find((trial) => trial.addresses.length > 0)
  const port = parseHostPort(first?.given ?? '')?.port ?? 0
  const shown = formatEndpoint({ host: addresses[0] as string, port })
  return failed(
    name,
    addresses.length === 1 ? `${shown} does not answer` : `none of ${addresses.length} addresses answers (${shown}, …)`,
    'check that the node is up and UDP is let through, or name one that is up with --bootstrap HOST:PORT',
  )
}

function isGlobal(address: string): boolean {
  const ip = parseIp(address)
  return ip !== undefined && scopeOf(ip) === 'global'
}
