import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { canonicalHost, forwardedHost } from '../../src/network/remote-address.ts'

function forwardedFor(header: string | string[] | undefined): string | undefined {
  return forwardedHost({ headers: { 'x-forwarded-for': header } } as unknown as IncomingMessage)
}

test('[N-17] a remote address is canonical: mapped IPv4 as IPv4, no zone, and a stand-in for what is unknown', () => {
  expect(canonicalHost('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(canonicalHost('2001:DB8:0:0:0:0:0:1')).toBe('2001:db8::1')
  expect(canonicalHost('fe80::1%eth0')).toBe('fe80::1')
  expect(canonicalHost('127.0.0.1')).toBe('127.0.0.1')
  expect(canonicalHost(undefined)).toBe('0.0.0.0')
  expect(canonicalHost('/run/socket')).toBe('0.0.0.0')
})

test("[N-18] of X-Forwarded-For only the last address counts: the rest is the client's own word", () => {
  expect(forwardedFor('192.0.2.66, 198.51.100.7')).toBe('198.51.100.7')
  expect(forwardedFor(['192.0.2.66', '::ffff:198.51.100.7'])).toBe('198.51.100.7')
  for (const header of [undefined, '', 'unknown', '192.0.2.66, _hidden', '192.0.2.66,', '300.1.1.1']) {
    expect(forwardedFor(header)).toBeUndefined()
  }
})
