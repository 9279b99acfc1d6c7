/**
 * A server's own word on where it can be reached: tool-db's `Peer`, a topic, a time, a host and a port, signed by the
 * peer key. tool-db's check of it always passes; here it is checked in truth.
 */

import { type Endpoint, formatIp, type Hash, isPort, type Millis, parseIp, toHex, utf8 } from '@shoal/base'
import { TOPIC_BYTES_MAX } from './owned-topic.ts'
import { isAddressText, isFields, isSignatureText, type Parsed, parsed, rejected } from './parsed.ts'
import type { Signer, Verifier } from './signer.ts'

/** Field names are tool-db's, since this very object goes on the wire. */
export interface SignedEndpoint {
  /** The topic's public id. */
  readonly topic: string
  /** When it was signed: whole milliseconds, 13 digits. */
  readonly timestamp: number
  /** A host name or a literal address, IPv6 with or without brackets, exactly as it was signed. */
  readonly host: string
  readonly port: number
  readonly address: string
  readonly sig: string
}

export type UnsignedEndpoint = Omit<SignedEndpoint, 'address' | 'sig'>

/** How far a clock may be ahead of ours: in records and in signed endpoints alike. */
export const CLOCK_AHEAD_MAX_MS: Millis = 30_000

const HOST_LENGTH_MAX = 253

export function parseSignedEndpoint(input: unknown): Parsed<SignedEndpoint> {
  if (!isFields(input)) return rejected('endpoint-shape')
  const { topic, timestamp, host, port, address, sig } = input
  // A topic of the reserved kinds may come later from others, so only its size is judged: the caller compares it.
  if (typeof topic !== 'string' || topic === '' || topic.length > TOPIC_BYTES_MAX) return rejected('endpoint-topic')
  if (!isWireTime(timestamp)) return rejected('endpoint-time')
  if (!isSignableHost(host)) return rejected('endpoint-host')
  if (!isPort(port)) return rejected('endpoint-port')
  if (!isAddressText(address)) return rejected('endpoint-address')
  if (!isSignatureText(sig)) return rejected('endpoint-signature')
  return parsed({ topic, timestamp, host, port, address, sig })
}

/** Whole milliseconds of the Unix epoch with 13 digits: fixed width, so that joined texts can be split in one way only. */
export function isWireTime(input: unknown): input is Millis {
  return (
    typeof input === 'number' && Number.isInteger(input) && input >= 1_000_000_000_000 && input <= 9_999_999_999_999
  )
}

/**
 * A host that may stand in a signed endpoint. The signed text joins topic, time, host and port with `-` and `:`. The
 * port is behind the last `:`, and the time is the last run of 13 digits between hyphens as long as no host holds one:
 * such hosts are refused, since the text could be read again as another topic with another host.
 */
export function isSignableHost(input: unknown): input is string {
  if (typeof input !== 'string' || input === '' || input.length > HOST_LENGTH_MAX) return false
  if (/(?:^|-)\d{13}-/.test(input)) return false
  if (input.startsWith('['))
    return input.includes(':') && input.endsWith(']') && parseIp(input.slice(1, -1)) !== undefined
  return parseIp(input) !== undefined || isHostName(input)
}

/** Where to dial: brackets taken off, literals in their canonical text, names in lower case. */
export function dialTarget(endpoint: Pick<SignedEndpoint, 'host' | 'port'>): Endpoint {
  const bare = endpoint.host.startsWith('[') ? endpoint.host.slice(1, -1) : endpoint.host
  const literal = parseIp(bare)
  return { host: literal === undefined ? bare.toLowerCase() : formatIp(literal), port: endpoint.port }
}

/** What is signed, as tool-db joins it; `sha256` in hex. */
export function endpointDigest(endpoint: UnsignedEndpoint, sha256: Hash): string {
  const { topic, timestamp, host, port } = endpoint
  return toHex(sha256(utf8(`${topic}-${timestamp}-${host}:${port}`)))
}

export async function signEndpoint(endpoint: UnsignedEndpoint, signer: Signer, sha256: Hash): Promise<SignedEndpoint> {
  const { topic, timestamp, host, port } = endpoint
  const sig = await signer.sign(endpointDigest(endpoint, sha256))
  return { topic, timestamp, host, port, address: signer.address, sig }
}

export interface EndpointCheck {
  /** The one topic that is ours. */
  readonly topic: string
  readonly now: Millis
  readonly verifier: Verifier
  readonly sha256: Hash
}

/** The word for what is wrong with a parsed endpoint, or `undefined` where it holds. */
export async function endpointFault(
  endpoint: SignedEndpoint,
  check: EndpointCheck,
): Promise<EndpointFault | undefined> {
  if (endpoint.topic !== check.topic) return 'other-topic'
  if (endpoint.timestamp > check.now + CLOCK_AHEAD_MAX_MS) return 'from-the-future'
  if (!check.verifier.isAddress(endpoint.address)) return 'not-an-address'
  const digest = endpointDigest(endpoint, check.sha256)
  return (await check.verifier.verify(digest, endpoint.address, endpoint.sig)) ? undefined : 'bad-signature'
}

export type EndpointFault = 'other-topic' | 'from-the-future' | 'not-an-address' | 'bad-signature'

// A name whose last label is a number would be read as an IPv4 address by URL parsers (0x7f.1, 127.1).
function isHostName(text: string): boolean {
  const labels = text.split('.')
  if (!labels.every((label) => /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label))) return false
  return !/^(?:\d+|0[xX][0-9a-fA-F]*)$/.test(labels.at(-1) as string)
}
