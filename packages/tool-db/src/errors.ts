/** What the database's methods reject with. Each has a stable `code`, and a sentence that says what to do. */

import { ShoalError, type ShoalErrorOptions } from '@shoal/base'
import type { RefusalCode } from './core/node/commands.ts'
import type { Counts } from './core/node/delivery.ts'

/** A record was not stored. `reason` is the word that other peers would be told too. */
export class PutRefusedError extends ShoalError {
  readonly reason: RefusalCode

  constructor(reason: RefusalCode, key: string, options: ShoalErrorOptions = {}) {
    super(
      'SHOAL_PUT_REFUSED',
      `nothing was stored under ${JSON.stringify(key.slice(0, 200))}: ${SENTENCES[reason]}`,
      options,
    )
    this.reason = reason
  }
}

/** The key could not be read: the store failed, or too many questions wait for their answers. */
export class ReadError extends ShoalError {
  constructor(key: string, options: ShoalErrorOptions & { readonly isBusy?: boolean } = {}) {
    const why = options.isBusy === true ? TOO_MANY : 'the store failed, see the cause'
    super('SHOAL_READ_FAILED', `could not read ${JSON.stringify(key.slice(0, 200))}: ${why}`, options)
  }
}

const TOO_MANY =
  'as many questions as limits.requestsMax allows (10,000) wait for their answers: wait for some of them before you ask on'

/** More records begin with the prefix than are compared at once. */
export class PrefixTooLargeError extends ShoalError {
  constructor(prefix: string, most: number) {
    super(
      'SHOAL_PREFIX_TOO_LARGE',
      `more than ${most} records begin with ${JSON.stringify(prefix.slice(0, 200))}: sync longer prefixes, one after the other`,
    )
  }
}

/** The record is stored here, but too few servers have confirmed it in time. */
export class NotConfirmedError extends ShoalError {
  readonly sent: number
  readonly confirmed: number

  constructor(wanted: number, counts: Counts) {
    const { sent, confirmed } = counts
    super(
      'SHOAL_NOT_CONFIRMED',
      `stored here, but of ${wanted} servers ${confirmed} confirmed it in time (sent to ${sent}): ${whatFollows(counts)}`,
    )
    this.sent = sent
    this.confirmed = confirmed
  }
}

function whatFollows({ confirmed, refused, isWaiting }: Counts): string {
  if (isWaiting) return 'it is sent again to servers that connect'
  const refusals = refused === 0 ? '' : `${refused} refused it for good (the event "refused" says why), and `
  if (confirmed > 0) return `${refusals}the servers that have it hand it on`
  return `${refusals}it is not sent again by itself`
}

/** The name belongs to somebody already. */
export class NameTakenError extends ShoalError {
  constructor(name: string) {
    super('SHOAL_NAME_TAKEN', `the user ${JSON.stringify(name)} exists already: choose another name, or sign in`)
  }
}

/** There is no such user, or no server that knows of it is connected. */
export class NoSuchUserError extends ShoalError {
  constructor(name: string) {
    super(
      'SHOAL_NO_SUCH_USER',
      `could not find user ${JSON.stringify(name)}: sign up first, or connect to a server that knows it`,
    )
  }
}

/** The certificate that a server of a topic with an owner was given does not hold. */
export class CertificateError extends ShoalError {
  constructor(code: 'SHOAL_CERTIFICATE_EXPIRED' | 'SHOAL_CERTIFICATE_WRONG', sentence: string) {
    super(code, sentence)
  }
}

const SENTENCES: Readonly<Record<RefusalCode, string>> = {
  InvalidData: 'the record is malformed, or its author is no address of this user adapter',
  InvalidTimestamp: 'the record would be dated too far in the future: check the clock',
  AddressMismatch: 'the key is in the namespace of another user',
  NoProofOfWork: 'the proof of work is missing',
  InvalidHashNonce: 'the hash does not match the value',
  InvalidSignature: 'the signature does not hold',
  CantOverwrite: 'the frozen name belongs to another user',
  CustomVerificationFailed: 'a custom verification refused it',
  InvalidKey: 'the key is empty, too long, reserved or not well-formed',
  InvalidBinding: 'the record is bound to another key, type or topic',
  UnboundRecord: 'only bound records are taken here',
  ClaimTooOld: 'the claim of the name is dated too far back: sign it again',
  Expired: 'its ttl is over already: check the clock',
  Forgotten: 'the record is older than deletions are kept, and may have been deleted: write it anew',
  NoOwnChanges: 'the CRDT holds no change of its author',
  CRDT_AUTHOR_FULL: 'this author has written as much there as the limits crdt…PerAuthorMax allow',
  CRDT_AUTHORS_FULL: 'as many others as the limit crdtAuthorsMax allows have written there',
  TOO_LARGE: 'the value is larger than the limit valueSizeMax',
  TOO_BUSY: 'too much is under way, or still waits for a server: try again once one is connected and has taken it',
  NAME_TAKEN: 'the key is taken already',
  STORE_FAILED: 'the store failed: see the cause',
  SIGN_FAILED: 'the user account could not sign: see the cause',
  CLOSED: 'the database is closed',
}
