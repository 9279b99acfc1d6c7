/**
 * BEP 42: the first 21 bits of a node's id follow from its IP address, so that nobody can choose where in the network
 * to stand without owning the addresses for it.
 */

import type { RandomSource } from '@shoal/base'
import { type NodeId, readNodeId } from './node-id.ts'

const IPV4_MASK = [0x03, 0x0f, 0x3f, 0xff]
/** Of the upper half of an address: the lower is the owner's to choose. */
const IPV6_MASK = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff]
/** The bits that follow from the address: 21. */
const PREFIX_MASK = 0xfffff800 | 0
/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78

const TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL
  return crc
})

/** An id that is valid for this address, of 4 or 16 bytes; the rest of it is random. */
export function secureNodeId(address: Uint8Array, random: RandomSource): NodeId {
  const bytes = random.bytes(20)
  const prefix = prefixOf(address, bytes[19] as number)
  bytes[0] = prefix >>> 24
  bytes[1] = prefix >>> 16
  bytes[2] = ((prefix >>> 8) & 0xf8) | ((bytes[2] as number) & 0x07)
  return readNodeId(bytes)
}

/** Whether the id is one that a node at this address, of 4 or 16 bytes, may have. */
export function isSecureId(id: NodeId, address: Uint8Array): boolean {
  return ((prefixOf(address, id.w4 & 0xff) ^ id.w0) & PREFIX_MASK) === 0
}

/** `salt`: the last byte of the id; its three low bits give one address eight places. */
function prefixOf(address: Uint8Array, salt: number): number {
  const mask = address.length === 4 ? IPV4_MASK : IPV6_MASK
  let crc = ~0
  for (let i = 0; i < mask.length; i++) {
    let byte = (address[i] as number) & (mask[i] as number)
    if (i === 0) byte |= (salt & 7) << 5
    crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  }
  return ~crc
}
