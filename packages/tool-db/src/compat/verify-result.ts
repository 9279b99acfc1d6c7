/** tool-db's verdicts on a record, by their names there. */

export const VerifyResult: {
  readonly CustomVerificationFailed: 'CustomVerificationFailed'
  readonly InvalidData: 'InvalidData'
  readonly InvalidVerification: 'InvalidVerification'
  readonly CantOverwrite: 'CantOverwrite'
  readonly InvalidTimestamp: 'InvalidTimestamp'
  readonly AddressMismatch: 'AddressMismatch'
  readonly NoProofOfWork: 'NoProofOfWork'
  readonly InvalidHashNonce: 'InvalidHashNonce'
  readonly InvalidSignature: 'InvalidSignature'
  readonly Verified: 'Verified'
} = {
  CustomVerificationFailed: 'CustomVerificationFailed',
  InvalidData: 'InvalidData',
  InvalidVerification: 'InvalidVerification',
  CantOverwrite: 'CantOverwrite',
  InvalidTimestamp: 'InvalidTimestamp',
  AddressMismatch: 'AddressMismatch',
  NoProofOfWork: 'NoProofOfWork',
  InvalidHashNonce: 'InvalidHashNonce',
  InvalidSignature: 'InvalidSignature',
  Verified: 'Verified',
}

export type VerifyResult = (typeof VerifyResult)[keyof typeof VerifyResult]
