/**
 * Asks the router for a port: by NAT-PMP the default gateway, else by UPnP whatever gateway answers. The library speaks
 * both; here its sockets end with each call, its time is bounded, and its errors become two of ours. Its own renewal is
 * off: it asks NAT-PMP for a lease a thousand times too long, and a failure of its timer is told to nobody.
 */

import { createSocket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { type Gateway, pmpNat, upnpNat } from '@achingbrain/nat-port-mapper'
import { parseIp, SECOND, ShoalError, scopeOf } from '@shoal/base'

export interface Mapped {
  /** The router's address towards the internet. */
  readonly externalHost: string
  readonly by: 'nat-pmp' | 'upnp'
  /** The router. */
  readonly gateway: string
}

/** A way to get a TCP port from the router. What is mapped leads to the same port of this machine. */
export interface PortMapper {
  /** Rejects with NoGatewayError or MappingRefusedError. */
  map(port: number, leaseSeconds: number, signal: AbortSignal): Promise<Mapped>
  /** Takes back what `map` got last; says nothing where the router does not answer. */
  unmap(port: number, signal: AbortSignal): Promise<void>
}

/** No router that maps ports answered. */
export class NoGatewayError extends ShoalError {
  constructor(options?: ErrorOptions) {
    super(
      'SHOAL_NO_GATEWAY',
      'no router here maps ports: forward the port by hand in the router and give serve --host, or switch on UPnP or NAT-PMP there',
      options,
    )
  }
}

/** A router answered, and the port does not lead here all the same. */
export class MappingRefusedError extends ShoalError {
  constructor(sentence: string, options?: ErrorOptions) {
    super('SHOAL_MAPPING_REFUSED', sentence, options)
  }
}

/** One packet there and one back on a wire; twice, because there is no retransmission in the library. */
const PMP_TRIES_MS = [600, 1_200] as const
const UPNP_SEARCH_MS = 3 * SECOND
const UPNP_CALL_MS = 2 * SECOND
/** Gateways that are tried of all that answer: a network has one, or two. */
const GATEWAYS_MAX = 3
const DESCRIPTION = 'shoal'

interface Held {
  readonly by: Mapped['by']
  readonly host: string
  /** UPnP deletes only what the same object has mapped. */
  readonly upnp: Gateway | undefined
}

export class GatewayMapper implements PortMapper {
  readonly #gateway: string | undefined
  #held: Held | undefined

  /** `gateway`: the router to ask by NAT-PMP, in place of the default gateway of this machine. */
  constructor(gateway?: string) {
    this.#gateway = gateway
  }

  async map(port: number, leaseSeconds: number, signal: AbortSignal): Promise<Mapped> {
    const host = this.#gateway ?? (await defaultGateway())
    let refused: unknown
    if (host !== undefined && isNear(host)) {
      try {
        const mapped = await mapByPmp(host, { port, leaseSeconds, signal })
        this.#held = { by: 'nat-pmp', host, upnp: undefined }
        return mapped
      } catch (error) {
        // Silence says nothing; a router that refuses by NAT-PMP may still take UPnP.
        if (error instanceof MappingRefusedError) refused = error
      }
    }
    signal.throwIfAborted()
    const { mapped, gateway } = await mapByUpnp({ port, leaseSeconds, signal }).catch((error: unknown) => {
      throw error instanceof NoGatewayError && refused !== undefined ? refused : error
    })
    this.#held = { by: 'upnp', host: gateway.host, upnp: gateway }
    return mapped
  }

  async unmap(port: number, signal: AbortSignal): Promise<void> {
    const held = this.#held
    this.#held = undefined
    if (held === undefined) return
    try {
      if (held.upnp !== undefined) await held.upnp.unmap(port, { signal })
      else await withPmp(held.host, (pmp) => pmp.unmap(port, { signal, ...TCP }))
    } catch {
      // The lease ends by itself.
    }
  }
}

const TCP = { protocol: 'tcp', autoRefresh: false } as const

interface Wanted {
  readonly port: number
  readonly leaseSeconds: number
  readonly signal: AbortSignal
}

async function mapByPmp(host: string, { port, leaseSeconds, signal }: Wanted): Promise<Mapped> {
  const local = await addressTowards(host)
  for (const ms of PMP_TRIES_MS) {
    signal.throwIfAborted()
    const time = AbortSignal.any([signal, AbortSignal.timeout(ms)])
    try {
      // The library's `ttl` goes into the packet as it is: there it means seconds.
      const mapping = await withPmp(host, (pmp) =>
        pmp.map(port, local, { ttl: leaseSeconds, description: DESCRIPTION, signal: time, ...TCP }),
      )
      if (mapping.externalPort !== port) {
        await withPmp(host, (pmp) => pmp.unmap(port, { signal: AbortSignal.timeout(ms), ...TCP })).catch(() => {})
      }
      return checked(port, mapping, { by: 'nat-pmp', gateway: host })
    } catch (error) {
      if (error instanceof MappingRefusedError) throw error
      if (!time.aborted) {
        throw new MappingRefusedError(`the router at ${host} refuses port ${port}: ${textOf(error)}`, { cause: error })
      }
    }
  }
  throw new NoGatewayError()
}

/** One socket for one call. */
async function withPmp<T>(host: string, call: (pmp: Gateway) => Promise<T>): Promise<T> {
  const pmp = pmpNat(host, { autoRefresh: false })
  let fail: (error: unknown) => void = () => {}
  const failure = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  failure.catch(() => {})
  // Without a listener an error of its socket would end the process.
  if ('on' in pmp && typeof pmp.on === 'function') pmp.on('error', (error: unknown) => fail(error))
  try {
    return await Promise.race([call(pmp), failure])
  } finally {
    // It closes twice where its socket had an error.
    await pmp.stop().catch(() => {})
  }
}

async function mapByUpnp({ port, leaseSeconds, signal }: Wanted): Promise<{ mapped: Mapped; gateway: Gateway }> {
  const search = AbortSignal.any([signal, AbortSignal.timeout(UPNP_SEARCH_MS)])
  let refused: unknown
  let tried = 0
  for await (const gateway of upnpNat({ autoRefresh: false }).findGateways({ signal: search })) {
    if (++tried > GATEWAYS_MAX) break
    // Whoever answers a search is believed only as a machine next to us.
    if (gateway.family !== 'IPv4' || !isNear(gateway.host)) continue
    const time = AbortSignal.any([signal, AbortSignal.timeout(UPNP_CALL_MS)])
    try {
      const mapping = await gateway.map(port, await addressTowards(gateway.host), {
        ttl: leaseSeconds * SECOND,
        description: DESCRIPTION,
        signal: time,
        ...TCP,
      })
      return { mapped: checked(port, mapping, { by: 'upnp', gateway: gateway.host }), gateway }
    } catch (error) {
      refused =
        error instanceof MappingRefusedError
          ? error
          : new MappingRefusedError(`the router at ${gateway.host} refuses port ${port}: ${textOf(error)}`, {
              cause: error,
            })
    }
  }
  signal.throwIfAborted()
  throw refused ?? new NoGatewayError()
}

/** What a router says about itself is input like any other. */
function checked(
  port: number,
  mapping: { readonly externalHost: string; readonly externalPort: number },
  from: Pick<Mapped, 'by' | 'gateway'>,
): Mapped {
  if (mapping.externalPort !== port) {
    throw new MappingRefusedError(
      `the router at ${from.gateway} has port ${port} in use for another machine: choose another with --port`,
    )
  }
  const address = parseIp(mapping.externalHost)
  if (address === undefined || scopeOf(address) !== 'global') {
    throw new MappingRefusedError(
      `the router at ${from.gateway} is behind another NAT (it has ${String(mapping.externalHost).slice(0, 45)}): forward the port there too, or run the server elsewhere`,
    )
  }
  return { externalHost: mapping.externalHost, ...from }
}

/** The address of ours that packets to the router carry. */
function addressTowards(host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.connect(9, host, () => {
      const { address } = socket.address()
      socket.close(() => resolve(address))
    })
  })
}

/** As Linux tells it; elsewhere only UPnP is tried. */
async function defaultGateway(): Promise<string | undefined> {
  return readDefaultGateway(await readFile('/proc/net/route', 'utf8').catch(() => ''))
}

/** The gateway of the route to everywhere, from the text of /proc/net/route. */
export function readDefaultGateway(text: string): string | undefined {
  for (const line of text.split('\n')) {
    const [, destination, gateway] = line.split('\t')
    if (destination !== '00000000' || gateway === undefined || !/^[0-9A-F]{8}$/.test(gateway)) continue
    // Of the machine's own byte order, which is little-endian wherever Node runs.
    const bytes = Buffer.from(gateway, 'hex').reverse()
    if (bytes.some((byte) => byte !== 0)) return bytes.join('.')
  }
  return undefined
}

function isNear(host: string): boolean {
  const address = parseIp(host)
  return address !== undefined && scopeOf(address) === 'private'
}

function textOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ').slice(0, 200)
}
