/**
 * Canonical bencoding, checked in a single pass without building anything: dictionary keys are strings in strict
 * order of their bytes, integers have no leading zeros, nothing stands behind the value. BEP 44 hashes and signs values as
 * they were encoded, so two encodings of one value must not both pass.
 */

import { BencodeCursor, DEPTH_MAX } from './cursor.ts'

const INTEGER = 0x69
const LIST = 0x6c
const DICTIONARY = 0x64

const cursor = new BencodeCursor()
/** Of each open list or dictionary: where its last key begins and how long it is. A list has -1, a dictionary without keys 0 and 0. */
const keyAt = new Int32Array(DEPTH_MAX)
const keyLength = new Int32Array(DEPTH_MAX)

/** Whether all of the bytes are one canonical value that nests at most DEPTH_MAX deep. */
export function isCanonical(bytes: Uint8Array): boolean {
  cursor.reset(bytes)
  let depth = 0
  do {
    const isInDictionary = depth > 0 && (keyAt[depth - 1] as number) >= 0
    if (depth > 0 && cursor.leave()) {
      depth--
      continue
    }
    if (isInDictionary && !readKey(bytes, depth - 1)) return false
    const byte = bytes[cursor.at]
    if (byte === LIST || byte === DICTIONARY) {
      if (depth === DEPTH_MAX) return false
      cursor.at++
      keyAt[depth] = byte === LIST ? -1 : 0
      keyLength[depth] = 0
      depth++
    } else if (!(byte === INTEGER ? cursor.readInteger() : cursor.readString())) return false
  } while (depth > 0)
  return cursor.at === bytes.length
}

/** Reads a key that must come after the one before it. */
function readKey(bytes: Uint8Array, level: number): boolean {
  const lastAt = keyAt[level] as number
  const lastLength = keyLength[level] as number
  if (!cursor.readString()) return false
  const { stringAt, stringLength } = cursor
  // No key begins at offset 0, where the value itself does: 0 means that this is the first.
  if (lastAt > 0 && !isBefore(bytes, [lastAt, lastLength], [stringAt, stringLength])) return false
  keyAt[level] = stringAt
  keyLength[level] = stringLength
  return true
}

type Span = readonly [at: number, length: number]

function isBefore(bytes: Uint8Array, [aAt, aLength]: Span, [bAt, bLength]: Span): boolean {
  const shared = Math.min(aLength, bLength)
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[aAt + i] as number) - (bytes[bAt + i] as number)
    if (difference !== 0) return difference < 0
  }
  return aLength < bLength
}
