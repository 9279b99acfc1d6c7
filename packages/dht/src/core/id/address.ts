/**
 * A node's or peer's address inside the core: the endpoint, and its compact form (BEP 5: address bytes and port
 * in network order) as a string of one character a byte, which keys `Map`s and is what goes on the wire.
 */

import { type AddressScope, type Endpoint, type Family, formatIp, fromLatin1, parseIp, scopeOf } from '@shoal/base'

export interface FamilySizes {
  /** Bytes of an address: 4 or 16. */
  readonly address: number
  /** Bytes of address and port: 6 or 18. */
  readonly compact: number
  /** Bytes of id, address and port: 26 or 38. */
  readonly node: number
}

export const SIZES: { readonly [family in Family]: FamilySizes } = {
  ipv4: { address: 4, compact: 6, node: 26 },
  ipv6: { address: 16, compact: 18, node: 38 },
}

export interface NodeAddress extends Endpoint {
  /** Compact address and port, one character a byte. */
  readonly key: string
}

/** The compact form of the endpoint written to `out`; its length, or 0 where the host is not a literal of the family. */
export function writeCompact(endpoint: Endpoint, family: Family, out: Uint8Array): number {
  const { host, port } = endpoint
  const length = family === 'ipv4' ? writeIpv4(host, out) : writeParsed(host, out)
  if (length !== SIZES[family].address) return 0
  out[length] = port >>> 8
  out[length + 1] = port
  return length + 2
}

/** Dotted text straight into bytes: runs for every datagram, so it makes no garbage. */
function writeIpv4(host: string, out: Uint8Array): number {
  let part = 0
  let digits = 0
  let at = 0
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i)
    if (code === 0x2e) {
      if (digits === 0 || at === 3) return 0
      out[at++] = part
      part = 0
      digits = 0
    } else {
      if (code < 0x30 || code > 0x39 || ++digits > 3) return 0
      part = part * 10 + code - 0x30
      if (part > 255) return 0
    }
  }
  if (digits === 0) return 0
  out[at++] = part
  return at
}

function writeParsed(host: string, out: Uint8Array): number {
  const bytes = parseIp(host)
  if (bytes === undefined) return 0
  out.set(bytes)
  return bytes.length
}

/** The address of an endpoint whose host is a literal of the family; `undefined` where it is not, or its port is 0. */
export function addressOf(endpoint: Endpoint, family: Family): NodeAddress | undefined {
  const bytes = new Uint8Array(SIZES[family].compact)
  const length = writeCompact(endpoint, family, bytes)
  return length === 0 || endpoint.port === 0 ? undefined : readAddress(bytes, 0, family)
}

/** The address that stands at `at` in compact form. Its port may be 0. */
export function readAddress(bytes: Uint8Array, at: number, family: Family): NodeAddress {
  // Runs for every node that anybody names: of IPv4 in two calls, without a piece in between.
  if (family === 'ipv4') {
    const n = bytes as unknown as number[]
    const a = n[at] as number
    const b = n[at + 1] as number
    const c = n[at + 2] as number
    const d = n[at + 3] as number
    const high = n[at + 4] as number
    const low = n[at + 5] as number
    const key = String.fromCharCode(a, b, c, d, high, low)
    return { host: `${a}.${b}.${c}.${d}`, port: (high << 8) | low, key }
  }
  const { address, compact } = SIZES[family]
  const host = formatIp(bytes.subarray(at, at + address))
  const port = ((bytes[at + address] as number) << 8) | (bytes[at + address + 1] as number)
  const key = String.fromCharCode(...bytes.subarray(at, at + compact))
  return { host, port, key }
}

/** The endpoint of a compact key. */
export function addressOfKey(key: string): NodeAddress {
  const bytes = fromLatin1(key)
  return readAddress(bytes, 0, bytes.length === SIZES.ipv4.compact ? 'ipv4' : 'ipv6')
}

export function scopeOfHost(host: string): AddressScope {
  const bytes = parseIp(host)
  return bytes === undefined ? 'martian' : scopeOf(bytes)
}

export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.host === b.host
}
