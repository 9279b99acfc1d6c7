/** A record as it stands once it was parsed: tool-db's `VerificationData`, with every field checked for its shape. */

/**
 * One signed key and value. Field names are tool-db's, since this very object goes on the wire.
 * A value is passed by reference, never copied or re-ordered: its JSON text is what was hashed.
 */
export interface WireRecord<T = unknown> {
  /** The key. */
  readonly k: string
  /** The author's address. */
  readonly a: string
  /** Nonce: a safe non-negative integer (plain), or `2.<counter>.<64 hex>` (bound), which may end with `.<13-digit expiry>`. */
  readonly n: number | string
  /** SHA-256, in hex, over the JSON of the value, the author, the time and the nonce, joined as text. */
  readonly h: string
  /** When it was written: whole milliseconds of the Unix epoch, 13 digits. */
  readonly t: number
  /** The author's signature over the text `h`. */
  readonly s: string
  readonly v: T
  /** CRDT type, or null for an ordinary value; `DEL` for a deletion. */
  readonly c: string | null
}
