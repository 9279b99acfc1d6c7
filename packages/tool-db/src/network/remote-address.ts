/** Whose socket it is: canonical text, the prefix it is counted under, and what a reverse proxy says about it. */

import type { IncomingMessage } from 'node:http'
import { formatIp, mappedIpv4, parseIp, scopeOf } from '@shoal/base'

/** Where nothing better is known, as when the socket is closed already. */
export const UNKNOWN_HOST = '0.0.0.0'

/** The canonical literal: IPv4-mapped IPv6 as IPv4, without a zone. */
export function canonicalHost(address: string | undefined): string {
  const bytes = parseIp((address ?? '').split('%')[0] as string)
  return bytes === undefined ? UNKNOWN_HOST : formatIp(mappedIpv4(bytes) ?? bytes)
}

/** `undefined` for loopback, which is never limited. Expects a canonical literal. */
export function prefixOf(host: string): string | undefined {
  const bytes = parseIp(host)
  if (bytes === undefined) return host
  if (scopeOf(bytes) === 'loopback') return undefined
  return bytes.length === 4 ? formatIp(bytes.subarray(0, 3)) : bytes.subarray(0, 8).toString()
}

/**
 * The client as our own reverse proxy saw it: the last address of X-Forwarded-For, the only one that the client can't
 * write itself. `undefined` where there is none.
 */
export function forwardedHost(request: IncomingMessage): string | undefined {
  const header = request.headers['x-forwarded-for']
  const text = Array.isArray(header) ? header.join(',') : header
  const last = text?.split(',').at(-1)?.trim()
  const bytes = last === undefined ? undefined : parseIp(last)
  return bytes === undefined ? undefined : canonicalHost(last)
}
