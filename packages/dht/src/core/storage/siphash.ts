/**
 * SipHash-2-4 (Aumasson and Bernstein): a keyed 64-bit hash for short inputs. In JavaScript on 32-bit halves it
 * costs a tenth of a hash object of the platform, and a token is made for every get_peers.
 */

export const SIPHASH_KEY_BYTES = 16

/** Four little-endian words of the key. */
export type SipKey = readonly [number, number, number, number]

export function sipKey(bytes: Uint8Array): SipKey {
  return [littleEndian(bytes, 0), littleEndian(bytes, 4), littleEndian(bytes, 8), littleEndian(bytes, 12)]
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}

/** v0 to v3, low word then high word. */
const v = new Int32Array(8)

/** v[a] += v[b]; v[b] = rotl(v[b], bits) ^ v[a]; where a and b are indices of low words. */
function half(a: number, b: number, bits: number): void {
  const bLow = v[b] as number
  const bHigh = v[b + 1] as number
  const low = ((v[a] as number) >>> 0) + (bLow >>> 0)
  const sumLow = low | 0
  const sumHigh = ((v[a + 1] as number) + bHigh + (low > 0xffffffff ? 1 : 0)) | 0
  v[a] = sumLow
  v[a + 1] = sumHigh
  v[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ sumLow
  v[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ sumHigh
}

function swapHalves(a: number): void {
  const low = v[a] as number
  v[a] = v[a + 1] as number
  v[a + 1] = low
}

function round(): void {
  half(0, 2, 13)
  swapHalves(0)
  half(4, 6, 16)
  half(0, 6, 21)
  half(4, 2, 17)
  swapHalves(4)
}

function absorb(low: number, high: number): void {
  v[6] = (v[6] as number) ^ low
  v[7] = (v[7] as number) ^ high
  round()
  round()
  v[0] = (v[0] as number) ^ low
  v[1] = (v[1] as number) ^ high
}

/** The hash of the first `length` bytes, written to `out` as 8 bytes, little-endian as its authors print it. */
export function sipHash(key: SipKey, bytes: Uint8Array, length: number, out: Uint8Array): void {
  v[0] = 0x70736575 ^ key[0]
  v[1] = 0x736f6d65 ^ key[1]
  v[2] = 0x6e646f6d ^ key[2]
  v[3] = 0x646f7261 ^ key[3]
  v[4] = 0x6e657261 ^ key[0]
  v[5] = 0x6c796765 ^ key[1]
  v[6] = 0x79746573 ^ key[2]
  v[7] = 0x74656462 ^ key[3]
  const whole = length - (length % 8)
  for (let at = 0; at < whole; at += 8) absorb(littleEndian(bytes, at), littleEndian(bytes, at + 4))
  let low = 0
  let high = length << 24
  for (let i = whole; i < length; i++) {
    const shift = 8 * (i - whole)
    if (shift < 32) low |= (bytes[i] as number) << shift
    else high |= (bytes[i] as number) << (shift - 32)
  }
  absorb(low, high)
  v[4] = (v[4] as number) ^ 0xff
  for (let i = 0; i < 4; i++) round()
  const outLow = (v[0] as number) ^ (v[2] as number) ^ (v[4] as number) ^ (v[6] as number)
  const outHigh = (v[1] as number) ^ (v[3] as number) ^ (v[5] as number) ^ (v[7] as number)
  for (let i = 0; i < 4; i++) {
    out[i] = outLow >>> (8 * i)
    out[i + 4] = outHigh >>> (8 * i)
  }
}
