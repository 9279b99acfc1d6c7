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
 * The address of a peer whatever kind of key it has: bounded, printable ASCII without the dot that ends the address in
 * a private key. Whether it is a key, and of the exact length, is the verifier's to say.
 */
export function isAddressText(input: unknown): input is string {
  return typeof input === 'string' && /^[\x21-\x2d\x2f-\x7e]{1,128}$/.test(input)
}

/** A signature whatever kind of key made it: bounded, printable ASCII. */
export function isSignatureText(input: unknown): input is string {
  return typeof input === 'string' && /^[\x21-\x7e]{1,512}$/.test(input)
}
