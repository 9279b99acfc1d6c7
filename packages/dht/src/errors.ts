/** What the caller of a DHT node can act on. */

import { type Endpoint, formatEndpoint, ShoalError, type ShoalErrorOptions } from '@shoal/base'

/** The UDP port that was asked for is in use. */
export class PortTakenError extends ShoalError {
  constructor(endpoint: Endpoint, options: ShoalErrorOptions = {}) {
    const sentence = `UDP port ${endpoint.port} on ${endpoint.host} is taken: choose another port, or 0 for any free one`
    super('SHOAL_PORT_TAKEN', sentence, options)
  }
}

/** The address or port cannot be bound for another reason: not ours, not allowed, no such name. */
export class BindError extends ShoalError {
  constructor(endpoint: Endpoint, options: ShoalErrorOptions = {}) {
    const why = options.cause instanceof Error ? options.cause.message : 'unknown reason'
    const sentence = `cannot listen on ${formatEndpoint(endpoint)} (${why}): choose an address of this machine and a port of 1024 or more`
    super('SHOAL_BIND_FAILED', sentence, options)
  }
}

/** The node asked did not answer. */
export class NoAnswerError extends ShoalError {
  constructor(node: Endpoint, options: ShoalErrorOptions = {}) {
    const sentence = `no answer from ${formatEndpoint(node)}: check that a DHT node runs there and that UDP gets through`
    super('SHOAL_NO_ANSWER', sentence, options)
  }
}

/** The node asked answered with a KRPC error. */
export class RefusedError extends ShoalError {
  /** The KRPC error code (BEP 5), 0 where it could not be read. */
  readonly krpcCode: number

  constructor(node: Endpoint, krpcCode: number, options: ShoalErrorOptions = {}) {
    super('SHOAL_REFUSED', `${formatEndpoint(node)} answered with DHT error ${krpcCode}`, options)
    this.krpcCode = krpcCode
  }
}

/** Too many queries are under way, in all or to this one node. */
export class BusyError extends ShoalError {
  constructor(node: Endpoint, options: ShoalErrorOptions = {}) {
    const sentence = `too many queries are under way to ask ${formatEndpoint(node)}: try again in a few seconds`
    super('SHOAL_BUSY', sentence, options)
  }
}

/** The state file was written by a later version, or cannot be read or set aside. */
export class StateFileError extends ShoalError {
  constructor(sentence: string, options: ShoalErrorOptions = {}) {
    super('SHOAL_STATE_FILE', sentence, options)
  }
}
