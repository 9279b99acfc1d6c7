/**
 * A KRPC message (BEP 5) as the parser hands it out: a tagged union of offsets into the datagram, which must be
 * kept beside it. Whatever is named here has been checked for type and length; nothing has been copied.
 */

/** BEP 5 error codes that we send. */
export const ERROR_PROTOCOL = 203
export const ERROR_METHOD_UNKNOWN = 204
/** Those of BEP 44. */
export const ERROR_SERVER = 202
export const ERROR_VALUE_TOO_BIG = 205
export const ERROR_SIGNATURE = 206
export const ERROR_SALT_TOO_BIG = 207
export const ERROR_CAS_MISMATCH = 301
export const ERROR_SEQ_TOO_OLD = 302

export const ID_LENGTH = 20
/** A transaction id is echoed, so a long one is refused; the longest seen in the wild have 20 bytes. */
export const TRANSACTION_ID_MAX = 32
export const TOKEN_MAX = 128

interface Envelope {
  readonly transactionAt: number
  readonly transactionLength: number
}

interface QueryEnvelope extends Envelope {
  /** BEP 43: the sender does not answer queries, so it is no contact. */
  readonly isReadOnly: boolean
  /** Where the sender's 20-byte id begins; -1 where it gave none. */
  readonly idAt: number
}

export interface PingQuery extends QueryEnvelope {
  readonly kind: 'ping'
}

/** `want` (BEP 32): WANT_IPV4 and WANT_IPV6 as bits; 0 where nothing is said, so that the asker's own family is meant. */
export interface FindNodeQuery extends QueryEnvelope {
  readonly kind: 'find_node'
  readonly targetAt: number
  readonly want: number
}

export interface GetPeersQuery extends QueryEnvelope {
  readonly kind: 'get_peers'
  readonly targetAt: number
  readonly want: number
  /** BEP 33: wants the filters of seeds and peers. */
  readonly isScrape: boolean
  /** BEP 33: would rather have peers that are no seeds. */
  readonly noSeed: boolean
}

export interface AnnouncePeerQuery extends QueryEnvelope {
  readonly kind: 'announce_peer'
  readonly targetAt: number
  readonly tokenAt: number
  readonly tokenLength: number
  /** 0 where the source port of the datagram is meant (`implied_port`). */
  readonly port: number
  /** BEP 33. */
  readonly isSeed: boolean
}

/** BEP 44. */
export interface GetQuery extends QueryEnvelope {
  readonly kind: 'get'
  readonly targetAt: number
  readonly want: number
  /** The digits of a sequence number: what is not newer is not wanted. -1 where there is none. */
  readonly seqAt: number
  readonly seqLength: number
}

/** BEP 44. The item is mutable where there is a public key; then there are a signature and a sequence number too. */
export interface PutQuery extends QueryEnvelope {
  readonly kind: 'put'
  readonly tokenAt: number
  readonly tokenLength: number
  /** The encoded value, not yet known to be canonical. */
  readonly valueAt: number
  readonly valueLength: number
  readonly publicKeyAt: number
  readonly signatureAt: number
  /** -1 where there is none; of any length. */
  readonly saltAt: number
  readonly saltLength: number
  /** Digits of 0 to 2^63 - 1. */
  readonly seqAt: number
  readonly seqLength: number
  /** The same; -1 where there is none. */
  readonly casAt: number
  readonly casLength: number
}

/** BEP 51. */
export interface SampleInfohashesQuery extends QueryEnvelope {
  readonly kind: 'sample_infohashes'
  readonly targetAt: number
  readonly want: number
}

/** A query for a method that we do not have: answered with error 204. */
export interface UnknownQuery extends QueryEnvelope {
  readonly kind: 'unknown'
}

/** A query that we can answer only with error 203, and why. */
export interface MalformedQuery extends QueryEnvelope {
  readonly kind: 'malformed'
  readonly reason: string
}

export type KrpcQuery =
  | PingQuery
  | FindNodeQuery
  | GetPeersQuery
  | AnnouncePeerQuery
  | GetQuery
  | PutQuery
  | SampleInfohashesQuery
  | UnknownQuery
  | MalformedQuery

/** What BEP 44, 33 and 51 add to a response: offsets, -1 where something is not there. */
export interface ResponseExtension {
  /** The encoded value, not yet known to be canonical. */
  readonly valueAt: number
  readonly valueLength: number
  readonly publicKeyAt: number
  readonly signatureAt: number
  /** Digits of 0 to 2^63 - 1. */
  readonly seqAt: number
  readonly seqLength: number
  /** Bloom filters of 256 bytes. */
  readonly seedFilterAt: number
  readonly peerFilterAt: number
  /** A whole number of info hashes. */
  readonly samplesAt: number
  readonly samplesLength: number
  /** 0 where not said. */
  readonly num: number
  readonly interval: number
}

export interface KrpcResponse extends Envelope {
  readonly kind: 'response'
  readonly idAt: number
  /** Compact node info of IPv4; length 0 where there is none or it is not a whole number of entries. */
  readonly nodesAt: number
  readonly nodesLength: number
  /** The same of IPv6 (BEP 32). */
  readonly nodes6At: number
  readonly nodes6Length: number
  readonly tokenAt: number
  readonly tokenLength: number
  /** Offsets of the peers that have exactly 6 bytes (IPv4). */
  readonly values: readonly number[]
  /** Offsets of the peers that have exactly 18 bytes (IPv6, BEP 32); those of any other length are dropped. */
  readonly values6: readonly number[]
  /** BEP 42: our address and port as the answering node sees them; length 0, 6 or 18. */
  readonly ipAt: number
  readonly ipLength: number
  readonly extension: ResponseExtension | undefined
}

export interface KrpcError extends Envelope {
  readonly kind: 'error'
  /** 0 where the sender gave none that could be read. */
  readonly code: number
  readonly ipAt: number
  readonly ipLength: number
}

/** Why a datagram is dropped without an answer; each is a counter in `stats()`. */
export type RejectionReason =
  | 'truncated'
  | 'syntax'
  | 'too-deep'
  | 'too-long'
  | 'not-a-dictionary'
  | 'no-transaction-id'
  | 'no-type'
  | 'response-without-id'

export interface KrpcRejection {
  readonly kind: 'rejected'
  readonly reason: RejectionReason
}

export type KrpcMessage = KrpcQuery | KrpcResponse | KrpcError
