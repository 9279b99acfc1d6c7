/** Reads the fields of LevelDB's files: varints and lengths. What does not fit gives `undefined`, and nothing more is read then. */

const VARINT_BYTES_MAX = 10

export class FieldReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** Up to 2^53; beyond that the file is not one that we could hold. */
  varint(): number | undefined {
    let value = 0
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) return undefined
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : undefined
    }
    return undefined
  }

  bytes(length: number): Uint8Array | undefined {
    if (this.#at + length > this.#bytes.length) return undefined
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Bytes behind their length. */
  counted(): Uint8Array | undefined {
    const length = this.varint()
    return length === undefined ? undefined : this.bytes(length)
  }
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)
}
