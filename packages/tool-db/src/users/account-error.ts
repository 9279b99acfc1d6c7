/** An account, or something else that was sealed, could not be opened. */

import { ShoalError, type ShoalErrorOptions } from '@shoal/base'

export type AccountErrorCode =
  /** The password is not the one it was sealed with, or somebody changed it. */
  | 'SHOAL_WRONG_PASSWORD'
  /** It is no account of this kind of keys. */
  | 'SHOAL_BAD_ACCOUNT'
  /** It was sealed with another key, or somebody changed it. */
  | 'SHOAL_WRONG_KEY'

export class AccountError extends ShoalError {
  declare readonly code: AccountErrorCode

  constructor(code: AccountErrorCode, message: string, options: ShoalErrorOptions = {}) {
    super(code, message, options)
  }
}
