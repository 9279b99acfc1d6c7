/**
 * The fingerprint of a run: every datagram that reaches a machine and every step that the world takes goes into it. Two runs of one
 * seed have the same at every moment, and where they differ, something outside the seed had a say.
 */

import type { Millis } from '@shoal/base'

export class EventHash {
  #high = 0x9e3779b9 | 0
  #low = 0x7f4a7c15 | 0
  #events = 0

  get events(): number {
    return this.#events
  }

  /** 16 hex digits. */
  get digest(): string {
    return hex(this.#high) + hex(this.#low)
  }

  /** Two numbers that say what happened and to whom, when (to the microsecond), and the bytes that were in it. */
  add(at: Millis, what: number, whom: number, bytes?: Uint8Array): void {
    const micros = Math.round(at * 1_000)
    this.#mix(micros | 0)
    this.#mix((micros / 0x1_0000_0000) | 0)
    this.#mix(what)
    this.#mix(whom)
    if (bytes !== undefined) this.#mix(digestOf(bytes))
    this.#events++
  }

  #mix(word: number): void {
    const high = Math.imul(this.#high ^ word, 0xcc9e2d51)
    const low = Math.imul(this.#low + word, 0x1b873593)
    this.#high = ((high << 13) | (high >>> 19)) ^ low
    this.#low = ((low << 17) | (low >>> 15)) + high
    this.#low |= 0
  }
}

/** FNV-1a with the length: enough to notice a difference, at a nanosecond a byte. */
export function digestOf(bytes: Uint8Array): number {
  let h = 0x811c9dc5 ^ bytes.length
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ (bytes[i] as number), 0x01000193)
  return h
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
