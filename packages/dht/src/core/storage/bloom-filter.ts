/**
 * The Bloom filters of BEP 33: sets of IP addresses of 256 bytes, whose union is a bitwise or, and whose size can be
 * estimated. Only the addresses count, not the ports.
 */

import type { Hash } from '@shoal/base'

export const FILTER_BYTES = 256
const BITS = FILTER_BYTES * 8
const HASHES = 2
/** BEP 33: a filter of more addresses says nothing any more. */
export const FILTER_ENTRIES_MAX = 6_000

/** The two bits of an address, 11 bits each, in one number. */
export function filterBits(address: Uint8Array, sha1: Hash): number {
  const hash = sha1(address)
  const first = ((hash[0] as number) | ((hash[1] as number) << 8)) % BITS
  const second = ((hash[2] as number) | ((hash[3] as number) << 8)) % BITS
  return first * BITS + second
}

export function addToFilter(filter: Uint8Array, bits: number): void {
  setBit(filter, Math.floor(bits / BITS))
  setBit(filter, bits % BITS)
}

export function isInFilter(filter: Uint8Array, bits: number): boolean {
  return hasBit(filter, Math.floor(bits / BITS)) && hasBit(filter, bits % BITS)
}

export function uniteFilters(filter: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < FILTER_BYTES; i++) filter[i] = (filter[i] as number) | (other[i] as number)
}

/** About how many addresses are in it, by its bits that are not set. */
export function estimateOf(filter: Uint8Array): number {
  let zeros = 0
  for (let i = 0; i < FILTER_BYTES; i++) {
    for (let byte = ~(filter[i] as number) & 0xff; byte !== 0; byte &= byte - 1) zeros++
  }
  const count = Math.log(Math.max(Math.min(zeros, BITS - 1), 1) / BITS) / (HASHES * Math.log(1 - 1 / BITS))
  return zeros === BITS ? 0 : count
}

function setBit(filter: Uint8Array, bit: number): void {
  filter[bit >> 3] = (filter[bit >> 3] as number) | (1 << (bit & 7))
}

function hasBit(filter: Uint8Array, bit: number): boolean {
  return ((filter[bit >> 3] as number) & (1 << (bit & 7))) !== 0
}
