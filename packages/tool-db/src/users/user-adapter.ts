/** The base class of user adapters, with tool-db's method names, so that adapters written for tool-db fit. */

import type { WireRecord } from '../core/records/record.ts'

/** What an adapter is given as its database: those written for tool-db call its logger. */
export interface UserAdapterHost {
  logger(...parts: unknown[]): void
}

export class ToolDbUserAdapter {
  readonly #host: UserAdapterHost

  constructor(host: UserAdapterHost) {
    this.#host = host
  }

  get tooldb(): UserAdapterHost {
    return this.#host
  }

  /** Becomes somebody new, with fresh keys. */
  anonUser(): Promise<void> {
    return Promise.resolve()
  }

  /** Becomes the holder of an account as `decryptAccount` or `getAccountFromPrivate` gave it. */
  setUser(_account: unknown, _name: string): Promise<void> {
    return Promise.resolve()
  }

  signData(_data: string): Promise<string> {
    return Promise.resolve('')
  }

  /** Whether `s` is the signature of `a` over the text `h`. */
  verifySignature(_message: Partial<WireRecord>): Promise<boolean> {
    return Promise.resolve(false)
  }

  getAccountFromPrivate(_privateKey: string): Promise<unknown> {
    return Promise.resolve(undefined)
  }

  /** The account, sealed with a password: what `signUp` stores for everybody to see. */
  encryptAccount(_password: string): Promise<unknown> {
    return Promise.resolve(undefined)
  }

  decryptAccount(_account: unknown, _password: string): Promise<unknown> {
    return Promise.resolve(undefined)
  }

  getAddress(): string | undefined {
    return ''
  }

  getUsername(): string | undefined {
    return ''
  }

  /**
   * An addition to tool-db's methods, which adapters may leave out: whether a text is an address in its one canonical
   * form. Lengths must be exact, since addresses are joined with other fields before they are signed.
   */
  isAddress?(text: string): boolean

  /** Another addition: the private key as `keysSignIn` takes it, for its owner to keep. */
  exportPrivateKey?(): Promise<string>
}

/** What the option `userAdapter` takes. */
export type UserAdapterConstructor<Host extends UserAdapterHost = UserAdapterHost> = new (
  host: Host,
) => ToolDbUserAdapter
