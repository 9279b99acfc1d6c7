/** The engine under a store failed, and the caller can do something about it. */

import { ShoalError, type ShoalErrorOptions } from '@shoal/base'

/**
 * in use: another process holds it; unwritable: no directory there, or no right to write; newer format: written by a newer
 * shoal; damaged: its files contradict themselves; failed: anything else, a full disk for one.
 */
export type StoreErrorCode =
  | 'SHOAL_STORE_IN_USE'
  | 'SHOAL_STORE_UNWRITABLE'
  | 'SHOAL_STORE_NEWER_FORMAT'
  | 'SHOAL_STORE_DAMAGED'
  | 'SHOAL_STORE_FAILED'

export class StoreError extends ShoalError {
  declare readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options: ShoalErrorOptions = {}) {
    super(code, message, options)
  }
}
