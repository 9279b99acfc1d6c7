/**
 * LevelDB's log format, which its manifest has too: blocks of 32 KiB with records that are cut into pieces where a block ends,
 * each piece with a checksum (doc/log_format.md there). LevelDB reads past damage without a word, leaves out the rest of
 * the block, and deletes the file afterwards; so it is looked at before.
 */

import { maskedCrc32c } from './crc32c.ts'
import { uint32At } from './field-reader.ts'

const BLOCK = 32_768
const HEADER = 7
const PIECE = { zero: 0, full: 1, first: 2, middle: 3, last: 4 } as const

export type LogState =
  | { readonly kind: 'whole' }
  /** The last record was still being written when the process or the machine died: nobody was told that it is stored. */
  | { readonly kind: 'cut'; readonly at: number }
  /** What was written whole is no longer as it was written. */
  | { readonly kind: 'damaged'; readonly at: number }

export interface ReadLog {
  readonly state: LogState
  /** Records that hold, those behind damage among them. */
  readonly records: readonly Uint8Array[]
}

interface Piece {
  readonly type: number
  readonly payload: Uint8Array
}

/** A piece at this place: itself, or why there is none. */
type PieceAt =
  | { readonly kind: 'piece'; readonly piece: Piece; readonly next: number }
  /** Nothing but padding up to `next`. */
  | { readonly kind: 'none'; readonly next: number }
  | { readonly kind: 'cut' }
  /** `next`: where a further piece might begin. */
  | { readonly kind: 'damaged'; readonly next: number }

export function readLog(bytes: Uint8Array): ReadLog {
  const records: Uint8Array[] = []
  let parts: Uint8Array[] | undefined
  let damagedAt: number | undefined
  let recordAt = 0
  for (let at = 0; at < bytes.length; ) {
    const found = pieceAt(bytes, at)
    if (found.kind === 'cut') return { state: stateOf(damagedAt, at), records }
    if (found.kind === 'damaged') {
      damagedAt ??= at
      parts = undefined
    } else if (found.kind === 'piece') {
      const { type, payload } = found.piece
      const begins = type === PIECE.full || type === PIECE.first
      if (begins) recordAt = at
      // A piece whose neighbours are missing: they were damaged, or this one's type was.
      if (begins === (parts !== undefined)) damagedAt ??= at
      if (begins) parts = [payload]
      else parts?.push(payload)
      if (parts !== undefined && (type === PIECE.full || type === PIECE.last)) records.push(joined(parts))
      if (type === PIECE.full || type === PIECE.last) parts = undefined
    }
    at = found.next
  }
  // Its other pieces never came.
  if (parts !== undefined) return { state: stateOf(damagedAt, recordAt), records }
  return { state: damagedAt === undefined ? { kind: 'whole' } : { kind: 'damaged', at: damagedAt }, records }
}

function stateOf(damagedAt: number | undefined, cutAt: number): LogState {
  return damagedAt === undefined ? { kind: 'cut', at: cutAt } : { kind: 'damaged', at: damagedAt }
}

function pieceAt(bytes: Uint8Array, at: number): PieceAt {
  const blockEnd = at - (at % BLOCK) + BLOCK
  if (blockEnd - at < HEADER) return { kind: 'none', next: blockEnd }
  if (bytes.length - at < HEADER) return { kind: 'cut' }
  const length = (bytes[at + 4] as number) | ((bytes[at + 5] as number) << 8)
  const type = bytes[at + 6] as number
  // Room that a file system had set aside and nobody wrote to.
  if (type === PIECE.zero && length === 0 && uint32At(bytes, at) === 0) return { kind: 'none', next: blockEnd }
  const end = at + HEADER + length
  if (end > blockEnd) return { kind: 'damaged', next: blockEnd }
  if (end > bytes.length) return { kind: 'cut' }
  const isGood = type <= PIECE.last && uint32At(bytes, at) === maskedCrc32c(bytes, at + 6, end)
  if (!isGood) return { kind: 'damaged', next: end }
  return { kind: 'piece', piece: { type, payload: bytes.subarray(at + HEADER, end) }, next: end }
}

/** A log of these records and no others. */
export function writtenLog(records: readonly Uint8Array[]): Uint8Array {
  const chunks: Uint8Array[] = []
  let at = 0
  const append = (chunk: Uint8Array): void => {
    chunks.push(chunk)
    at += chunk.length
  }
  for (const record of records) {
    let left = record
    let isFirst = true
    do {
      if (BLOCK - (at % BLOCK) < HEADER) append(new Uint8Array(BLOCK - (at % BLOCK)))
      const room = BLOCK - (at % BLOCK) - HEADER
      const payload = left.subarray(0, room)
      left = left.subarray(payload.length)
      const isLast = left.length === 0
      append(writtenPiece(typeOf(isFirst, isLast), payload))
      isFirst = false
    } while (left.length > 0)
  }
  return joined(chunks)
}

function typeOf(isFirst: boolean, isLast: boolean): number {
  if (isFirst) return isLast ? PIECE.full : PIECE.first
  return isLast ? PIECE.last : PIECE.middle
}

function writtenPiece(type: number, payload: Uint8Array): Uint8Array {
  const piece = new Uint8Array(HEADER + payload.length)
  piece.set(payload, HEADER)
  piece[4] = payload.length & 0xff
  piece[5] = payload.length >> 8
  piece[6] = type
  new DataView(piece.buffer).setUint32(0, maskedCrc32c(piece, 6, piece.length), true)
  return piece
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
