/** What can go wrong with a way to reach others, and the caller can act on. */

import { type Endpoint, formatEndpoint, ShoalError, type ShoalErrorOptions } from '@shoal/base'

/** No channel came about. */
export class DialError extends ShoalError {
  constructor(endpoint: Endpoint, reason: string, options: ShoalErrorOptions = {}) {
    super('SHOAL_DIAL_FAILED', `could not connect to ${formatEndpoint(endpoint)}: ${reason}`, options)
  }
}

/** port taken: another program listens there; otherwise the operating system refused, and the sentence says how. */
export type ListenErrorCode = 'SHOAL_PORT_TAKEN' | 'SHOAL_LISTEN_FAILED'

export class ListenError extends ShoalError {
  declare readonly code: ListenErrorCode

  constructor(code: ListenErrorCode, message: string, options: ShoalErrorOptions = {}) {
    super(code, message, options)
  }
}
