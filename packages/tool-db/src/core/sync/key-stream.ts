/**
 * ChaCha20 (RFC 8439, section 2.3) under a nonce of zeros, its blocks counted from 0: what an id is expanded to. In JavaScript, since to set
 * up a cipher of the platform's for each id costs four times as much as these blocks.
 */

/** What a block holds, in words of 32 bits. */
const BLOCK_WORDS = 16
const DOUBLE_ROUNDS = 10
/** "expand 32-byte k" */
const [C0, C1, C2, C3] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

/** Fills `words`, whole blocks of them, with the stream under the key that lies at `offset` in `bytes`, 32 bytes long. */
export function keyStream(bytes: Uint8Array, offset: number, words: Int32Array): void {
  const k0 = word(bytes, offset)
  const k1 = word(bytes, offset + 4)
  const k2 = word(bytes, offset + 8)
  const k3 = word(bytes, offset + 12)
  const k4 = word(bytes, offset + 16)
  const k5 = word(bytes, offset + 20)
  const k6 = word(bytes, offset + 24)
  const k7 = word(bytes, offset + 28)
  for (let at = 0, block = 0; at < words.length; at += BLOCK_WORDS, block++) {
    // The state in variables: an array would be read and written 640 times a block.
    let [x0, x1, x2, x3, x4, x5, x6, x7] = [C0, C1, C2, C3, k0, k1, k2, k3]
    let [x8, x9, x10, x11, x12, x13, x14, x15] = [k4, k5, k6, k7, block, 0, 0, 0]
    for (let round = 0; round < DOUBLE_ROUNDS; round++) {
      x0 = (x0 + x4) | 0
      x12 = rotated(x12 ^ x0, 16)
      x8 = (x8 + x12) | 0
      x4 = rotated(x4 ^ x8, 12)
      x0 = (x0 + x4) | 0
      x12 = rotated(x12 ^ x0, 8)
      x8 = (x8 + x12) | 0
      x4 = rotated(x4 ^ x8, 7)
      x1 = (x1 + x5) | 0
      x13 = rotated(x13 ^ x1, 16)
      x9 = (x9 + x13) | 0
      x5 = rotated(x5 ^ x9, 12)
      x1 = (x1 + x5) | 0
      x13 = rotated(x13 ^ x1, 8)
      x9 = (x9 + x13) | 0
      x5 = rotated(x5 ^ x9, 7)
      x2 = (x2 + x6) | 0
      x14 = rotated(x14 ^ x2, 16)
      x10 = (x10 + x14) | 0
      x6 = rotated(x6 ^ x10, 12)
      x2 = (x2 + x6) | 0
      x14 = rotated(x14 ^ x2, 8)
      x10 = (x10 + x14) | 0
      x6 = rotated(x6 ^ x10, 7)
      x3 = (x3 + x7) | 0
      x15 = rotated(x15 ^ x3, 16)
      x11 = (x11 + x15) | 0
      x7 = rotated(x7 ^ x11, 12)
      x3 = (x3 + x7) | 0
      x15 = rotated(x15 ^ x3, 8)
      x11 = (x11 + x15) | 0
      x7 = rotated(x7 ^ x11, 7)
      x0 = (x0 + x5) | 0
      x15 = rotated(x15 ^ x0, 16)
      x10 = (x10 + x15) | 0
      x5 = rotated(x5 ^ x10, 12)
      x0 = (x0 + x5) | 0
      x15 = rotated(x15 ^ x0, 8)
      x10 = (x10 + x15) | 0
      x5 = rotated(x5 ^ x10, 7)
      x1 = (x1 + x6) | 0
      x12 = rotated(x12 ^ x1, 16)
      x11 = (x11 + x12) | 0
      x6 = rotated(x6 ^ x11, 12)
      x1 = (x1 + x6) | 0
      x12 = rotated(x12 ^ x1, 8)
      x11 = (x11 + x12) | 0
      x6 = rotated(x6 ^ x11, 7)
      x2 = (x2 + x7) | 0
      x13 = rotated(x13 ^ x2, 16)
      x8 = (x8 + x13) | 0
      x7 = rotated(x7 ^ x8, 12)
      x2 = (x2 + x7) | 0
      x13 = rotated(x13 ^ x2, 8)
      x8 = (x8 + x13) | 0
      x7 = rotated(x7 ^ x8, 7)
      x3 = (x3 + x4) | 0
      x14 = rotated(x14 ^ x3, 16)
      x9 = (x9 + x14) | 0
      x4 = rotated(x4 ^ x9, 12)
      x3 = (x3 + x4) | 0
      x14 = rotated(x14 ^ x3, 8)
      x9 = (x9 + x14) | 0
      x4 = rotated(x4 ^ x9, 7)
    }
    words[at] = x0 + C0
    words[at + 1] = x1 + C1
    words[at + 2] = x2 + C2
    words[at + 3] = x3 + C3
    words[at + 4] = x4 + k0
    words[at + 5] = x5 + k1
    words[at + 6] = x6 + k2
    words[at + 7] = x7 + k3
    words[at + 8] = x8 + k4
    words[at + 9] = x9 + k5
    words[at + 10] = x10 + k6
    words[at + 11] = x11 + k7
    words[at + 12] = x12 + block
    words[at + 13] = x13
    words[at + 14] = x14
    words[at + 15] = x15
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
