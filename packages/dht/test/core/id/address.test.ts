import { expect, test } from 'vitest'
import { addressOf, addressOfKey, readAddress, writeCompact } from '../../../src/core/id/address.ts'

test('[D-5] an IPv4 endpoint is four bytes and a port in network order', () => {
  const out = new Uint8Array(18)
  expect(writeCompact({ host: '192.0.2.255', port: 0x1ae1 }, 'ipv4', out)).toBe(6)
  expect([...out.subarray(0, 6)]).toEqual([192, 0, 2, 255, 0x1a, 0xe1])
  expect(readAddress(out, 0, 'ipv4')).toMatchObject({ host: '192.0.2.255', port: 0x1ae1 })
})

test('[D-5] an IPv6 endpoint is sixteen bytes and a port', () => {
  const address = addressOf({ host: '2001:db8::1', port: 6_881 }, 'ipv6')
  expect(address?.key.length).toBe(18)
  expect(addressOfKey(address?.key ?? '')).toEqual(address)
})

test.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '1.2.3.',
  '.1.2.3',
  '1..2.3',
  'a.b.c.d',
  '1.2.3.4444',
  'localhost',
  '::1',
])('[D-5] %j is no IPv4 address', (host) => {
  expect(writeCompact({ host, port: 1 }, 'ipv4', new Uint8Array(18))).toBe(0)
  expect(addressOf({ host, port: 1 }, 'ipv4')).toBeUndefined()
})

test('[D-5] port 0 is nobody to send to', () => {
  expect(addressOf({ host: '1.2.3.4', port: 0 }, 'ipv4')).toBeUndefined()
})
