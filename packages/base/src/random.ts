/** Randomness is an input: cores take a `RandomSource`, faces hand them the system's, tests a seeded one. */

declare const crypto: { getRandomValues(array: Uint8Array): Uint8Array }

export interface RandomSource {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array
  /** A whole number from 0 to 2^32 - 1. */
  uint32(): number
}

/** A number from 0 (included) to 1 (excluded), of 32 bits. */
export function randomFraction(random: RandomSource): number {
  return random.uint32() / 0x1_0000_0000
}

/** A whole number from 0 to `bound` - 1; `bound` is at most 2^32. The bias is below bound / 2^32. */
export function randomBelow(random: RandomSource, bound: number): number {
  return Math.floor(randomFraction(random) * bound)
}

/** The operating system's randomness, read in blocks because a call for four bytes costs as much as one for a thousand. */
export function systemRandom(): RandomSource {
  const block = new Uint8Array(1024)
  let used = block.length
  const take = (length: number): Uint8Array => {
    if (length > block.length) {
      const big = new Uint8Array(length)
      for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(big.subarray(at, at + 65_536))
      return big
    }
    if (used + length > block.length) {
      crypto.getRandomValues(block)
      used = 0
    }
    const out = block.slice(used, used + length)
    block.fill(0, used, used + length)
    used += length
    return out
  }
  return {
    bytes: take,
    uint32: () => {
      const four = take(4)
      return (
        (((four[0] as number) << 24) |
          ((four[1] as number) << 16) |
          ((four[2] as number) << 8) |
          (four[3] as number)) >>>
        0
      )
    },
  }
}

/** A repeatable source for tests and simulations (sfc32, by C. Doty-Humphrey); never for keys or tokens. */
export function seededRandom(seed: number): RandomSource {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = seed | 0
  let counter = 1
  const uint32 = (): number => {
    const t = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    c |= 0
    return t >>> 0
  }
  for (let i = 0; i < 15; i++) uint32()
  return {
    uint32,
    bytes: (length) => {
      const out = new Uint8Array(length)
      for (let i = 0; i < length; i++) out[i] = uint32() >>> 24
      return out
    },
  }
}
