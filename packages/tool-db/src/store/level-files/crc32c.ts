/** CRC-32C (Castagnoli) as LevelDB stores it: rotated and offset, so that a checksum of data that holds checksums stays good. */

const POLYNOMIAL = 0x82f63b78
const MASK_DELTA = 0xa282ead8
const SLICES = 8

/** Slicing by eight: table `k` is the effect of a byte that has `k` bytes behind it. */
const TABLES: readonly Uint32Array[] = makeTables()

function makeTables(): readonly Uint32Array[] {
  const tables = Array.from({ length: SLICES }, () => new Uint32Array(256))
  const [first] = tables as [Uint32Array]
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    first[byte] = crc
  }
  for (let k = 1; k < SLICES; k++) {
    const [before, table] = [tables[k - 1], tables[k]] as [Uint32Array, Uint32Array]
    for (let byte = 0; byte < 256; byte++) {
      const crc = before[byte] as number
      table[byte] = (crc >>> 8) ^ (first[crc & 0xff] as number)
    }
  }
  return tables
}

/** Of the bytes from `from` (included) to `to` (excluded). */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as unknown as Tables
  let crc = 0xffffffff
  let i = from
  for (; i + SLICES <= to; i += SLICES) {
    const low = crc ^ uint32At(bytes, i)
    const high = uint32At(bytes, i + 4)
    crc =
      entry(t7, low) ^
      entry(t6, low >>> 8) ^
      entry(t5, low >>> 16) ^
      entry(t4, low >>> 24) ^
      entry(t3, high) ^
      entry(t2, high >>> 8) ^
      entry(t1, high >>> 16) ^
      entry(t0, high >>> 24)
  }
  for (; i < to; i++) crc = (crc >>> 8) ^ entry(t0, crc ^ (bytes[i] as number))
  return ~crc >>> 0
}

function uint32At(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]] as [number, number, number, number]
  return a | (b << 8) | (c << 16) | (d << 24)
}

function entry(table: Uint32Array, index: number): number {
  return table[index & 0xff] as number
}

type Tables = readonly [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/** As it stands in the files. */
export function maskedCrc32c(bytes: Uint8Array, from: number, to: number): number {
  const crc = crc32c(bytes, from, to)
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}
