/** What parsing of remote input returns: the value, or why not, as a word that can be counted. Nothing is thrown. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  /** `reason` is one of a fixed set of words, never text of the sender's. */
  | { readonly ok: false; readonly reason: string }

export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value }
}

export function rejected(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason }
}

/** A plain object of JSON, as fields to be read one by one; arrays and null are none. */
export function isFields(input: unknown): input is { readonly [field: string]: unknown } {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

/**
 * The address of a peer whatever kind of key it has: bounded, printable ASCII without the characters that join
 * fields (`.`, `:`, `,`, blanks). Whether it is a key is the verifier's to say.
 */
export function isAddressText(input: unknown): input is string {
  return typeof input === 'string' && /^[A-Za-z0-9_+/=-]{20,128}$/.test(input)
}

/** A signature whatever kind of key made it: bounded, hex, perhaps with `0x` before it. */
export function isSignatureText(input: unknown): input is string {
  return typeof input === 'string' && /^(?:0x)?[0-9a-f]{2,512}$/.test(input)
}
