/** Why a record was not taken. The names are tool-db's `VerifyResult` where it has one; they go out in refusals, so they never change. */
export type RecordCode =
  /** A field is missing or of the wrong type or size. */
  | 'InvalidData'
  /** No whole 13-digit milliseconds, or too far in the future. */
  | 'InvalidTimestamp'
  /** Another's private namespace. */
  | 'AddressMismatch'
  | 'NoProofOfWork'
  /** The hash is not the hash of value, author, time and nonce. */
  | 'InvalidHashNonce'
  | 'InvalidSignature'
  /** A frozen name has its owner, and no room for another claim. */
  | 'CantOverwrite'
  | 'CustomVerificationFailed'
  /** Empty, too long, reserved, or not well-formed Unicode. */
  | 'InvalidKey'
  /** Bound to another key, type or topic. */
  | 'InvalidBinding'
  /** A plain record where only bound ones are taken. */
  | 'UnboundRecord'
  /** A claim of a frozen name, dated too far back. */
  | 'ClaimTooOld'
  /** Its author gave it an end, and that is over. */
  | 'Expired'
  /** So old that its deletion may have been forgotten here, and nothing is held of its key. */
  | 'Forgotten'
  /** A change-set without a change of its signer's own. */
  | 'NoOwnChanges'
