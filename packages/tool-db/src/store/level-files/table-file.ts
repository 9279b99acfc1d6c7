/**
 * LevelDB's tables (doc/table_format.md there): data blocks, an index of them, a footer; each block with a checksum, which the
 * engine as we have it never compares when it reads. A table with damaged blocks can be had again without them.
 */

import { maskedCrc32c } from './crc32c.ts'
import { FieldReader, uint32At } from './field-reader.ts'
import { joined } from './log-file.ts'
import { uncompressed } from './snappy.ts'

const FOOTER = 48
const MAGIC_LOW = 0x8b80fb57
const MAGIC_HIGH = 0xdb477524
/** Behind each block: how it is compressed, and its checksum. */
const TRAILER = 5
const COMPRESSION = { none: 0, snappy: 1 } as const
/** A block holds at least one row; an index one entry for each block of a file. */
const INDEX_LENGTH_MAX = 64 * 1_048_576

export type TableState =
  | { readonly kind: 'whole' }
  | {
      readonly kind: 'damaged'
      readonly blocks: number
      readonly damagedBlocks: number
      /** The table without its damaged blocks; `undefined` where its index is damaged, or no block is good. */
      readonly rest: Uint8Array | undefined
    }

interface Handle {
  readonly offset: number
  readonly size: number
}

interface IndexEntry {
  readonly key: Uint8Array
  readonly block: Handle
}

export function checkTable(file: Uint8Array): TableState {
  const index = readIndex(file)
  if (index === undefined) return { kind: 'damaged', blocks: 0, damagedBlocks: 0, rest: undefined }
  const good = index.filter(({ block }) => isWholeBlock(file, block))
  const damagedBlocks = index.length - good.length
  if (damagedBlocks === 0) return { kind: 'whole' }
  const rest = good.length === 0 ? undefined : tableOf(file, good)
  return { kind: 'damaged', blocks: index.length, damagedBlocks, rest }
}

function readIndex(file: Uint8Array): readonly IndexEntry[] | undefined {
  if (file.length < FOOTER) return undefined
  const footerAt = file.length - FOOTER
  if (uint32At(file, file.length - 8) !== MAGIC_LOW || uint32At(file, file.length - 4) !== MAGIC_HIGH) return undefined
  const footer = new FieldReader(file.subarray(footerAt))
  const [, index] = [handleFrom(footer), handleFrom(footer)]
  if (index === undefined || !isWholeBlock(file, index)) return undefined
  const content = contentOf(file, index)
  return content === undefined ? undefined : entriesOf(content)
}

function handleFrom(reader: FieldReader): Handle | undefined {
  const [offset, size] = [reader.varint(), reader.varint()]
  return offset === undefined || size === undefined ? undefined : { offset, size }
}

function isWholeBlock(file: Uint8Array, { offset, size }: Handle): boolean {
  const end = offset + size
  if (end + TRAILER > file.length) return false
  return uint32At(file, end + 1) === maskedCrc32c(file, offset, end + 1)
}

function contentOf(file: Uint8Array, { offset, size }: Handle): Uint8Array | undefined {
  const raw = file.subarray(offset, offset + size)
  const compression = file[offset + size]
  if (compression === COMPRESSION.none) return raw
  return compression === COMPRESSION.snappy ? uncompressed(raw, INDEX_LENGTH_MAX) : undefined
}

/** Keys share their beginnings with the one before; behind the entries stand the places where they begin anew. */
function entriesOf(content: Uint8Array): readonly IndexEntry[] | undefined {
  if (content.length < 4) return undefined
  const end = content.length - 4 - 4 * uint32At(content, content.length - 4)
  if (end < 0) return undefined
  const reader = new FieldReader(content.subarray(0, end))
  const entries: IndexEntry[] = []
  let before = new Uint8Array()
  while (!reader.isAtEnd) {
    const [shared, own, length] = [reader.varint(), reader.varint(), reader.varint()]
    if (shared === undefined || own === undefined || length === undefined || shared > before.length) return undefined
    const [tail, value] = [reader.bytes(own), reader.bytes(length)]
    const block = value === undefined ? undefined : handleFrom(new FieldReader(value))
    if (tail === undefined || block === undefined) return undefined
    before = joined([before.subarray(0, shared), tail]) as Uint8Array<ArrayBuffer>
    entries.push({ key: before, block })
  }
  return entries
}

/** The blocks as they are, under an index of them alone, without a filter. */
function tableOf(file: Uint8Array, entries: readonly IndexEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  let at = 0
  const append = (part: Uint8Array): Handle => {
    parts.push(part)
    at += part.length
    return { offset: at - part.length, size: part.length - TRAILER }
  }
  const moved = entries.map(({ key, block: { offset, size } }) => ({
    key,
    block: append(file.subarray(offset, offset + size + TRAILER)),
  }))
  const meta = append(sealedBlock(blockOf([])))
  const index = append(sealedBlock(blockOf(moved)))
  const footer = new Uint8Array(FOOTER)
  footer.set(joined([handleBytes(meta), handleBytes(index)]))
  const view = new DataView(footer.buffer)
  view.setUint32(FOOTER - 8, MAGIC_LOW, true)
  view.setUint32(FOOTER - 4, MAGIC_HIGH, true)
  return joined([...parts, footer])
}

/** Each key whole, so that each entry is a place to begin at. */
function blockOf(entries: readonly IndexEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  const restarts: number[] = []
  let at = 0
  for (const { key, block } of entries) {
    const value = handleBytes(block)
    const entry = joined([varintBytes(0), varintBytes(key.length), varintBytes(value.length), key, value])
    restarts.push(at)
    parts.push(entry)
    at += entry.length
  }
  if (restarts.length === 0) restarts.push(0)
  const tail = new Uint8Array(4 * (restarts.length + 1))
  const view = new DataView(tail.buffer)
  for (const [i, restart] of restarts.entries()) view.setUint32(4 * i, restart, true)
  view.setUint32(4 * restarts.length, restarts.length, true)
  return joined([...parts, tail])
}

function sealedBlock(content: Uint8Array): Uint8Array {
  const block = joined([content, new Uint8Array(TRAILER)])
  block[content.length] = COMPRESSION.none
  const crc = maskedCrc32c(block, 0, content.length + 1)
  new DataView(block.buffer).setUint32(content.length + 1, crc, true)
  return block
}

function handleBytes({ offset, size }: Handle): Uint8Array {
  return joined([varintBytes(offset), varintBytes(size)])
}

function varintBytes(value: number): Uint8Array {
  const bytes: number[] = []
  let left = value
  for (; left >= 0x80; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80)
  bytes.push(left)
  return Uint8Array.from(bytes)
}
