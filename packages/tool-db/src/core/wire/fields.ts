/** The fields that messages share, each with its type and its bounds. A bad one is `undefined`. */

export const ID_LENGTH_MAX = 64
export const CLIENT_ID_LENGTH_MAX = 128
/** A federation in which more servers than this pass one message on is refused: nobody needs that many hops. */
export const TO_LENGTH_MAX = 256
export const FUNCTION_NAME_LENGTH_MAX = 128
/** Sets that an asker names as known, and what of each hash: 96 bits, which nobody finds a second set for. */
export const KNOWN_SETS_MAX = 1_024
export const KNOWN_HASH_LENGTH = 24
/** Where an answer goes on: an author, a hash and a type, with their lengths. */
export const PLACE_LENGTH_MAX = 1_024

export type Fields = Readonly<Record<string, unknown>>

/** Own fields only: what hangs on a prototype was not sent. */
export function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return value as Fields
}

export function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined
}

export function text(value: unknown, lengthMax: number, lengthMin = 1): string | undefined {
  return typeof value === 'string' && value.length >= lengthMin && value.length <= lengthMax ? value : undefined
}

/** A key as it may stand on the wire: well-formed, and out of our own rows, which begin with U+0000. */
export function keyText(value: unknown, lengthMax: number, lengthMin = 1): string | undefined {
  const key = text(value, lengthMax, lengthMin)
  if (key === undefined || key.startsWith('\u0000') || hasLoneSurrogate(key)) return undefined
  return key
}

/** What UTF-8 cannot hold. */
export function hasLoneSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/u.test(text)
}

const NONE: readonly string[] = []

/** Deduped; an item of a wrong type or too many of them spoil the whole list. */
export function texts(value: unknown, countMax: number, lengthMax: number): readonly string[] | undefined {
  if (!Array.isArray(value) || value.length > countMax) return undefined
  if (value.length === 0) return NONE
  const unique = new Set<string>()
  for (const item of value) {
    if (typeof item !== 'string' || item.length > lengthMax) return undefined
    unique.add(item)
  }
  return [...unique]
}

export function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
