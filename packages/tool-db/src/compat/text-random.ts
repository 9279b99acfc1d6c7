/** A random text, as tool-db makes message ids. Unlike tool-db's it cannot be guessed. */

import { type RandomSource, randomBelow, systemRandom } from '@shoal/base'

const LETTERS_AND_DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

let random: RandomSource | undefined

/** `length` characters drawn from `characters`. */
export function textRandom(length = 24, characters: string = LETTERS_AND_DIGITS): string {
  random ??= systemRandom()
  const from = characters === '' ? LETTERS_AND_DIGITS : characters
  let text = ''
  for (let left = length; left > 0; left--) text += from.charAt(randomBelow(random, from.length))
  return text
}
