export { ADDRESS_LENGTH, CLIENT_ID_LENGTH, clientIdOf, isEcdsaAddress } from './address.ts'
export {
  type Certificate,
  type CertificateCheck,
  type CertificateFault,
  certificateFault,
  parseCertificate,
  signCertificate,
  timeFault,
} from './certificate.ts'
export { type EcdsaEngine, WEB_CRYPTO } from './ecdsa-engine.ts'
export { EcdsaVerifier, VERIFIER_KEYS_MAX } from './ecdsa-verifier.ts'
export { ED25519_SIGNATURE_BYTES, nobleVerifyEd25519, type VerifyEd25519 } from './ed25519.ts'
export {
  HELLO_VERSION,
  type Hello,
  INSTANCE_BYTES,
  NONCE_BYTES,
  parseHello,
  sharedFeatures,
} from './hello.ts'
export { INFO_HASH_BYTES, infoHashesAt, topicKey } from './info-hashes.ts'
export {
  formatInvite,
  INVITE_ENDPOINTS_MAX,
  type Invite,
  inviteFault,
  type ParsedInvite,
  parseInvite,
  type RefusedInvite,
} from './invite.ts'
export { KeyPair, type KeyText } from './keys.ts'
export { lengthPrefixed } from './length-prefixed.ts'
export type { CipherState } from './noise/cipher-state.ts'
export {
  NOISE_KEY_BYTES,
  NOISE_TAG_BYTES,
  type NoiseEngine,
  type NoiseKeyPair,
  type SealedBox,
} from './noise/engine.ts'
export {
  BATCH_COUNT_MAX,
  BATCH_SIZE_MAX,
  type FrameMessage,
  frameLength,
  frameMessage,
  NoiseFrames,
  sizeInFrame,
} from './noise/frames.ts'
export {
  NoiseHandshake,
  type NoiseHandshakeInit,
  type NoiseRole,
  type NoiseSession,
  type PreSharedKey,
} from './noise/handshake.ts'
export { nobleEngine } from './noise/noble-engine.ts'
export { OWNER_KEY_BYTES, type OwnedTopic, ownedTopic, TOPIC_BYTES_MAX } from './owned-topic.ts'
export { isAddressText, isFields, isSignatureText, type Parsed, parsed, rejected } from './parsed.ts'
export { newPrivateTopic, type PrivateTopic, privateTopic } from './private-topic.ts'
export {
  type ProofFields,
  type ProofRole,
  type ProofStatement,
  parseProofStatement,
  proofDigest,
  signProof,
  verifyProof,
} from './proof.ts'
export {
  CLOCK_AHEAD_MAX_MS,
  dialTarget,
  type EndpointCheck,
  type EndpointFault,
  endpointDigest,
  endpointFault,
  isSignableHost,
  isWireTime,
  parseSignedEndpoint,
  type SignedEndpoint,
  signEndpoint,
  type UnsignedEndpoint,
} from './signed-endpoint.ts'
export {
  openRoster,
  parseRosterText,
  type RosterItem,
  type RosterText,
  rosterMessage,
  rosterText,
  type SignedRoster,
} from './signed-roster.ts'
export type { Signer, Verifier } from './signer.ts'
export type {
  Candidate,
  CandidateSource,
  DialOutcome,
  Swarm,
  SwarmJoinOptions,
  SwarmSession,
} from './swarm.ts'
export {
  INVITE_PREFIX,
  looksLikeInvite,
  type PlainTopic,
  parseTopic,
  type RefusedTopic,
  requireTopic,
  type Topic,
  topicText,
} from './topic.ts'
export {
  EMPTY_ROSTER,
  encodeRoster,
  isRevoked,
  parseRoster,
  type Revocation,
  ROSTER_BYTES_MAX,
  type RosterServer,
  rosterPeer,
  rosterSalt,
  rosterTarget,
  type TopicRoster,
} from './topic-roster.ts'
