/** Base64url without padding (RFC 4648, section 5). */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const DIGITS: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, value) => [character, value]))

export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text += ALPHABET.charAt(held >> bits)
      held &= (1 << bits) - 1
    }
  }
  return bits === 0 ? text : text + ALPHABET.charAt(held << (6 - bits))
}

/** `undefined` for other characters, and for the texts that `toBase64Url` does not write. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 6) / 8))
  let at = 0
  let bits = 0
  let held = 0
  for (const character of text) {
    const digit = DIGITS.get(character)
    if (digit === undefined) return undefined
    held = (held << 6) | digit
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[at++] = held >> bits
    held &= (1 << bits) - 1
  }
  return bits < 6 && held === 0 ? bytes : undefined
}
