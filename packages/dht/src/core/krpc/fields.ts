/** What the parser has found in a datagram so far: offsets, -1 where a key was not there or of a wrong type. */

import { ExtensionFields } from './extension-fields.ts'

/** BEP 32: the kinds of nodes that a query wants, as bits. */
export const WANT_IPV4 = 1
export const WANT_IPV6 = 2

export const NO_OFFSETS: readonly number[] = Object.freeze([])

/** Reusable, so that a parse allocates nothing but its result. */
export class KrpcFields {
  transactionAt = -1
  transactionLength = 0
  /** The first letter of `y`. */
  type = 0
  methodAt = -1
  methodLength = 0
  ipAt = -1
  ipLength = 0
  isReadOnly = false
  errorCode = 0
  hasResponse = false
  idAt = -1
  targetAt = -1
  infoHashAt = -1
  tokenAt = -1
  tokenLength = 0
  port = -1
  isPortImplied = false
  hasWant = false
  want = 0
  nodesAt = -1
  nodesLength = 0
  nodes6At = -1
  nodes6Length = 0
  hasValues = false
  values: readonly number[] = NO_OFFSETS
  values6: readonly number[] = NO_OFFSETS
  readonly extension: ExtensionFields = new ExtensionFields()

  clear(): void {
    this.transactionAt = -1
    this.transactionLength = 0
    this.type = 0
    this.methodAt = -1
    this.methodLength = 0
    this.ipAt = -1
    this.ipLength = 0
    this.isReadOnly = false
    this.errorCode = 0
    this.hasResponse = false
    this.idAt = -1
    this.targetAt = -1
    this.infoHashAt = -1
    this.tokenAt = -1
    this.tokenLength = 0
    this.port = -1
    this.isPortImplied = false
    this.hasWant = false
    this.want = 0
    this.nodesAt = -1
    this.nodesLength = 0
    this.nodes6At = -1
    this.nodes6Length = 0
    this.hasValues = false
    this.values = NO_OFFSETS
    this.values6 = NO_OFFSETS
    this.extension.clear()
  }
}
