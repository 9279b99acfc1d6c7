/**
 * One seed, many sources of randomness: each purpose has a stream of its own, derived from the seed and a label. A new
 * consumer then takes nothing from the others, and a run with one more host differs only by what that host does.
 */

import type { RandomSource } from '@shoal/base'

/** Rounds that mix the label into the state (sfc32 wants a dozen). */
const WARM_UP_ROUNDS = 15

/** sfc32 (C. Doty-Humphrey) with 96 bits of state from seed and label, so that no two labels share a stream. Not for real keys. */
export class LabelledRandom implements RandomSource {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, label: string) {
    const text = `${seed}\u0000${label}`
    this.#a = hashText(text, 0x9e3779b9)
    this.#b = hashText(text, 0x243f6a88)
    this.#c = hashText(text, 0xb7e15162)
    for (let i = 0; i < WARM_UP_ROUNDS; i++) this.uint32()
  }

  uint32(): number {
    const t = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0
    return t >>> 0
  }

  bytes(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let i = 0; i < length; i++) out[i] = this.uint32() >>> 24
    return out
  }
}

/** MurmurHash3's mixing over UTF-16 units: cheap, and every bit of the text reaches every bit of the result. */
function hashText(text: string, basis: number): number {
  let h = basis | 0
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0xcc9e2d51)
    h = (h << 15) | (h >>> 17)
    h = (Math.imul(h, 5) + 0xe6546b64) | 0
  }
  return mix(h ^ text.length)
}

/** MurmurHash3's finalizer: a number of 32 bits that looks random, always the same for the same input. */
export function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
