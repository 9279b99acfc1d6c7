/** Who can sign and who can check, apart from any one kind of key: every user adapter can serve as the peer account. */

export interface Signer {
  /** The whole address: for ECDSA keys the public key itself. */
  readonly address: string
  /** The signature over a text, in the text form that goes on the wire. */
  sign(text: string): Promise<string>
}

export interface Verifier {
  /** True for a well-formed address in its one canonical form; says nothing about who has the key. */
  isAddress(text: string): boolean
  /** Never throws or rejects on foreign input: what is malformed is false. What is known at once is said at once. */
  verify(text: string, address: string, signature: string): boolean | Promise<boolean>
}
