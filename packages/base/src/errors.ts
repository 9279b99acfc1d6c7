/** Errors the caller can act on: a class, a stable `code`, and what led to it as `cause`. */

export interface ShoalErrorOptions {
  readonly cause?: unknown
}

/** The root of every error that shoal's public methods throw or reject with on purpose. */
export class ShoalError extends Error {
  /** Stable across versions, upper case, begins with `SHOAL_`. */
  readonly code: string

  constructor(code: string, message: string, options: ShoalErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
  }
}

/** A wrong argument or option: the sentence says which and what is expected. */
export class UsageError extends ShoalError {
  constructor(message: string, options: ShoalErrorOptions = {}) {
    super('SHOAL_USAGE', message, options)
  }
}

/** The thing was closed, or its signal aborted, before the work was done. */
export class ClosedError extends ShoalError {
  constructor(message: string, options: ShoalErrorOptions = {}) {
    super('SHOAL_CLOSED', message, options)
  }
}
