/** tool-db's hash functions: text or bytes in, lower-case hex out. In JavaScript, so that they stay synchronous in browsers. */

import { sha1 as sha1Bytes } from '@noble/hashes/legacy.js'
import { sha256 as sha256Bytes } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '@shoal/base'

export function sha1(text: string): string {
  return toHex(sha1Bytes(utf8(text)))
}

export function sha256(input: string | ArrayBufferView): string {
  if (typeof input === 'string') return toHex(sha256Bytes(utf8(input)))
  return toHex(sha256Bytes(new Uint8Array(input.buffer, input.byteOffset, input.byteLength)))
}
