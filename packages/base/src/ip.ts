/** IP addresses: text to bytes and back, and what part of the world an address belongs to (RFC 6890). */

export type Family = 'ipv4' | 'ipv6'

/** An IP address and a port; `host` is a literal in its canonical text (RFC 5952 for IPv6), never a name. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/**
 * loopback: this machine; private: a network of one's own (RFC 1918, 6598, 4193) or one link;
 * martian: can be nobody's address as a sender (unspecified, multicast, broadcast, reserved); global: the rest.
 */
export type AddressScope = 'loopback' | 'private' | 'martian' | 'global'

/** Four bytes for IPv4, sixteen for IPv6, `undefined` for what is not a literal address. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes)
}

export function familyOf(host: string): Family {
  return host.includes(':') ? 'ipv6' : 'ipv4'
}

export function isPort(port: unknown): port is number {
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535
}

/** `host:port`, with brackets around IPv6. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`
}

/** `host:port` or `[v6]:port`; the host may be a name. `undefined` where either part is missing or the port is out of range. */
export function parseHostPort(text: string): Endpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const host = (match[1] ?? match[2]) as string
  const port = Number(match[3])
  return isPort(port) ? { host, port } : undefined
}

export function scopeOf(bytes: Uint8Array): AddressScope {
  if (bytes.length === 4) return scopeOfIpv4(bytes[0] as number, bytes[1] as number, bytes)
  const mapped = mappedIpv4(bytes)
  if (mapped) return scopeOfIpv4(mapped[0] as number, mapped[1] as number, mapped)
  const first = bytes[0] as number
  const second = bytes[1] as number
  if (bytes.every((byte, i) => byte === (i === 15 ? 1 : 0))) return 'loopback'
  if (bytes.every((byte) => byte === 0) || first === 0xff) return 'martian'
  if ((first & 0xfe) === 0xfc || (first === 0xfe && (second & 0xc0) === 0x80)) return 'private'
  return (first & 0xe0) === 0x20 ? 'global' : 'martian'
}

/** The four bytes inside an IPv4-mapped IPv6 address (::ffff:a.b.c.d), else `undefined`. */
export function mappedIpv4(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return undefined
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return undefined
  return bytes.subarray(12)
}

function scopeOfIpv4(first: number, second: number, bytes: Uint8Array): AddressScope {
  if (first === 127) return 'loopback'
  if (first === 0 || first >= 224) return 'martian'
  if (first === 10 || (first === 172 && second >= 16 && second <= 31)) return 'private'
  if ((first === 192 && second === 168) || (first === 169 && second === 254)) return 'private'
  if (first === 100 && second >= 64 && second <= 127) return 'private'
  if (first === 192 && second === 0 && bytes[2] === 0) return 'martian'
  return 'global'
}

function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const bytes = new Uint8Array(4)
  for (let i = 0; i < 4; i++) {
    const part = match[i + 1] as string
    if (Number(part) > 255 || (part.length > 1 && part.startsWith('0'))) return undefined
    bytes[i] = Number(part)
  }
  return bytes
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0] as string, halves.length === 1)
  const tail = halves.length === 2 ? parseGroups(halves[1] as string, true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail])
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  const bytes: number[] = []
  for (const [i, group] of groups.entries()) {
    if (group.includes('.')) {
      const four = mayEndInIpv4 && i === groups.length - 1 ? parseIpv4(group) : undefined
      if (four === undefined) return undefined
      bytes.push(...four)
      continue
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined
    const value = Number.parseInt(group, 16)
    bytes.push(value >> 8, value & 0xff)
  }
  return bytes
}

function formatIpv6(bytes: Uint8Array): string {
  const mapped = mappedIpv4(bytes)
  if (mapped) return `::ffff:${formatIp(mapped)}`
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number))
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (i + run < 8 && groups[i + run] === 0) run++
    if (run > length) {
      start = i
      length = run
    }
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (start < 0) return text(groups)
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}
