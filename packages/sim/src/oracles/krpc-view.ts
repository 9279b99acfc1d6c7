/**
 * A datagram of the DHT as somebody beside the road reads it: bencode and the parts of KRPC that oracles judge by (BEP 5). Written apart
 * from the engine's own parser, so that a mistake there does not hide itself.
 */

import { compareBytes, latin1, toHex } from '@shoal/base'

export type Bencoded = number | Uint8Array | readonly Bencoded[] | ReadonlyMap<string, Bencoded>

export type KrpcView =
  | {
      readonly kind: 'query'
      readonly transaction: string
      readonly method: string
      readonly args: ReadonlyMap<string, Bencoded>
      readonly isReadOnly: boolean
    }
  | { readonly kind: 'answer'; readonly transaction: string; readonly values: ReadonlyMap<string, Bencoded> }
  | { readonly kind: 'error'; readonly transaction: string; readonly code: number }

/** `undefined` where it is no KRPC message. */
export function viewKrpc(bytes: Uint8Array): KrpcView | undefined {
  const root = decode(bytes)
  if (!(root instanceof Map)) return undefined
  const transaction = textAt(root, 't')
  if (transaction === undefined) return undefined
  switch (textAt(root, 'y')) {
    case 'q': {
      const method = textAt(root, 'q')
      const args = root.get('a')
      if (method === undefined || !(args instanceof Map)) return undefined
      return { kind: 'query', transaction, method, args, isReadOnly: root.get('ro') === 1 }
    }
    case 'r': {
      const values = root.get('r')
      return values instanceof Map ? { kind: 'answer', transaction, values } : undefined
    }
    case 'e': {
      const error = root.get('e')
      const code = Array.isArray(error) ? error[0] : undefined
      return { kind: 'error', transaction, code: typeof code === 'number' ? code : 0 }
    }
    default:
      return undefined
  }
}

/** One character a byte; `undefined` where there is no string under this key. */
export function textAt(map: ReadonlyMap<string, Bencoded>, key: string): string | undefined {
  const value = map.get(key)
  return value instanceof Uint8Array ? latin1(value) : undefined
}

/** `host:port` of each IPv4 address in a list of six-byte strings. */
export function peersIn(value: Bencoded | undefined): string[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((peer: Bencoded) =>
    peer instanceof Uint8Array && peer.length === 6 ? [compactEndpoint(peer, 0)] : [],
  )
}

/** Compact node info: 20 bytes of id and six of address, one after another. */
export function nodesIn(value: Bencoded | undefined): { readonly id: string; readonly endpoint: string }[] {
  if (!(value instanceof Uint8Array)) return []
  const nodes = []
  for (let at = 0; at + 26 <= value.length; at += 26) {
    nodes.push({ id: latin1(value, at, at + 20), endpoint: compactEndpoint(value, at + 20) })
  }
  return nodes
}

function compactEndpoint(bytes: Uint8Array, at: number): string {
  const [a, b, c, d, high, low] = bytes.subarray(at, at + 6)
  return `${a}.${b}.${c}.${d}:${(high as number) * 256 + (low as number)}`
}

/** One line for people. */
export function describeKrpc(view: KrpcView | undefined): string {
  if (view === undefined) return 'no KRPC'
  const transaction = toHex(Uint8Array.from(view.transaction, (c) => c.charCodeAt(0)))
  switch (view.kind) {
    case 'query': {
      const told = [...view.args].map(([key, value]) => `${key}=${describeValue(value)}`)
      return `${view.method} ${told.join(' ')}${view.isReadOnly ? ' ro' : ''} t=${transaction}`
    }
    case 'answer': {
      const told = [...view.values].map(([key, value]) => `${key}=${describeValue(value)}`)
      return `answer ${told.join(' ')} t=${transaction}`
    }
    case 'error':
      return `error ${view.code} t=${transaction}`
  }
}

const SHOWN_BYTES = 8

function describeValue(value: Bencoded): string {
  if (typeof value === 'number') return String(value)
  if (value instanceof Uint8Array) {
    const shown = toHex(value.subarray(0, SHOWN_BYTES))
    return value.length > SHOWN_BYTES ? `${shown}…(${value.length})` : shown
  }
  return Array.isArray(value) ? `[${value.length}]` : '{…}'
}

const DEPTH_MAX = 8

/** `undefined` unless the bytes are one bencoded value, from first to last, its keys in order. */
function decode(bytes: Uint8Array): Bencoded | undefined {
  let at = 0

  function value(depth: number): Bencoded | undefined {
    const first = bytes[at]
    if (first === undefined || depth > DEPTH_MAX) return undefined
    if (first === 0x69) return integer()
    if (first === 0x6c) return list(depth)
    if (first === 0x64) return dictionary(depth)
    return text()
  }

  function integer(): number | undefined {
    const end = bytes.indexOf(0x65, at)
    if (end < 0 || end - at > 20) return undefined
    const digits = latin1(bytes, at + 1, end)
    at = end + 1
    return /^(0|-?[1-9]\d*)$/.test(digits) ? Number(digits) : undefined
  }

  function text(): Uint8Array | undefined {
    const colon = bytes.indexOf(0x3a, at)
    if (colon < 0 || colon - at > 6) return undefined
    const digits = latin1(bytes, at, colon)
    if (!/^(0|[1-9]\d*)$/.test(digits)) return undefined
    const end = colon + 1 + Number(digits)
    if (end > bytes.length) return undefined
    at = end
    return bytes.slice(colon + 1, end)
  }

  function list(depth: number): Bencoded[] | undefined {
    const items: Bencoded[] = []
    for (at++; bytes[at] !== 0x65; ) {
      const item = value(depth + 1)
      if (item === undefined) return undefined
      items.push(item)
    }
    at++
    return items
  }

  function dictionary(depth: number): Map<string, Bencoded> | undefined {
    const entries = new Map<string, Bencoded>()
    let last: Uint8Array | undefined
    for (at++; bytes[at] !== 0x65; ) {
      const key = text()
      if (key === undefined || (last !== undefined && compareBytes(last, key) >= 0)) return undefined
      const item = value(depth + 1)
      if (item === undefined) return undefined
      entries.set(latin1(key), item)
      last = key
    }
    at++
    return entries
  }

  const root = value(0)
  return at === bytes.length ? root : undefined
}
