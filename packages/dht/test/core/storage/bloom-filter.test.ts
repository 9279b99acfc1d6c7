import { fromHex, toHex } from '@shoal/base'
import { expect, test } from 'vitest'
import {
  addToFilter,
  estimateOf,
  FILTER_BYTES,
  filterBits,
  isInFilter,
  uniteFilters,
} from '../../../src/core/storage/bloom-filter.ts'
import { nodeItemCrypto } from '../../../src/node/ed25519.ts'

const { sha1 } = nodeItemCrypto

/** The test vector of BEP 33. */
const EXPECTED = `
 F6C3F5EA A07FFD91 BDE89F77 7F26FB2B FF37BDB8 FB2BBAA2 FD3DDDE7 BACFFF75 EE7CCBAE
 FE5EEDB1 FBFAFF67 F6ABFF5E 43DDBCA3 FD9B9FFD F4FFD3E9 DFF12D1B DF59DB53 DBE9FA5B
 7FF3B8FD FCDE1AFB 8BEDD7BE 2F3EE71E BBBFE93B CDEEFE14 8246C2BC 5DBFF7E7 EFDCF24F
 D8DC7ADF FD8FFFDF DDFFF7A4 BBEEDF5C B95CE81F C7FCFF1F F4FFFFDF E5F7FDCB B7FD79B3
 FA1FC77B FE07FFF9 05B7B7FF C7FEFEFF E0B8370B B0CD3F5B 7F2BD93F EB4386CF DD6F7FD5
 BFAF2E9E BFFFFEEC D67ADBF7 C67F17EF D5D75EBA 6FFEBA7F FF47A91E B1BFBB53 E8ABFB57
 62ABE8FF 237279BF EFBFEEF5 FFC5FEBF DFE5ADFF ADFEE1FB 737FFFFB FD9F6AEF FEEE76B6
 FD8F72EF`.replaceAll(/\s/g, '')

function addresses(): Uint8Array[] {
  const ipv4 = Array.from({ length: 256 }, (_, i) => Uint8Array.of(192, 0, 2, i))
  const ipv6 = Array.from({ length: 0x3e8 }, (_, i) => {
    const bytes = fromHex('20010db8000000000000000000000000') as Uint8Array
    bytes[14] = i >> 8
    bytes[15] = i & 0xff
    return bytes
  })
  return [...ipv4, ...ipv6]
}

test('[D-170] BEP 33: its test vector, filter and estimate', () => {
  const filter = new Uint8Array(FILTER_BYTES)
  for (const address of addresses()) addToFilter(filter, filterBits(address, sha1))
  expect(toHex(filter).toUpperCase()).toBe(EXPECTED)
  expect(estimateOf(filter)).toBeCloseTo(1224.9308, 3)
  for (const address of addresses()) expect(isInFilter(filter, filterBits(address, sha1))).toBe(true)
})

test('[D-170] the union of two filters is the filter of both', () => {
  const all = addresses()
  const [a, b, both] = [0, 0, 0].map(() => new Uint8Array(FILTER_BYTES)) as [Uint8Array, Uint8Array, Uint8Array]
  for (const [i, address] of all.entries()) {
    addToFilter(i < 700 ? a : b, filterBits(address, sha1))
    addToFilter(both, filterBits(address, sha1))
  }
  uniteFilters(a, b)
  expect(a).toEqual(both)
})

test('[D-170] nobody is none, and a full filter has a finite estimate', () => {
  expect(estimateOf(new Uint8Array(FILTER_BYTES))).toBe(0)
  expect(estimateOf(new Uint8Array(FILTER_BYTES).fill(0xff))).toBeGreaterThan(6_000)
  expect(Number.isFinite(estimateOf(new Uint8Array(FILTER_BYTES).fill(0xff)))).toBe(true)
  const one = new Uint8Array(FILTER_BYTES)
  addToFilter(one, filterBits(Uint8Array.of(192, 0, 2, 1), sha1))
  expect(Math.round(estimateOf(one))).toBe(1)
})
