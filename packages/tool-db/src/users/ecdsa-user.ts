/** The default user adapter: P-256 keys, with the accounts, addresses and signatures of @tool-db/ecdsa-user. */

import { systemRandom, UsageError } from '@shoal/base'
import { EcdsaVerifier, isFields, KeyPair, VERIFIER_KEYS_MAX, type Verifier } from '@shoal/peer'
import { base64ToUint8, uint8ToBase64 } from '../compat/encoding.ts'
import { randomAnimal } from '../compat/random-animal.ts'
import type { WireRecord } from '../core/records/record.ts'
import { IV_BYTES, openText, sealText } from './account-cipher.ts'
import { AccountError } from './account-error.ts'
import { ECDSA_ENGINE, type SignText, textSigner } from './ecdsa-engine.ts'
import { ToolDbUserAdapter, type UserAdapterHost } from './user-adapter.ts'

/** An open account: what `setUser` takes. */
export interface EcdsaAccount {
  readonly name: string
  /** SPKI, hex. */
  readonly pub: string
  /** PKCS#8, hex. */
  readonly priv: string
}

/** A sealed account: what stands under `==name`. */
export interface SealedEcdsaAccount {
  readonly name: string
  readonly keys: string
  readonly iv: string
}

/** Of the sealed keys in hex: tool-db's have about 1,000 digits. */
const SEALED_LENGTH_MAX = 8_192
const IV_TEXT_LENGTH_MAX = 128

export class ToolDbEcdsaUser extends ToolDbUserAdapter {
  readonly #verifier = new EcdsaVerifier(VERIFIER_KEYS_MAX, ECDSA_ENGINE)
  readonly #first: Promise<void>
  #keys: KeyPair | undefined
  #signText: SignText | undefined
  #username: string | undefined
  #turnsAsked = 0
  #turnTaken = 0

  constructor(host: UserAdapterHost) {
    super(host)
    // As in tool-db an adapter is somebody from the start; a failure shows when the keys are first used.
    this.#first = this.anonUser().catch(() => undefined)
  }

  override anonUser(): Promise<void> {
    return this.#become(KeyPair.generate(), randomAnimal())
  }

  /** Departs from tool-db in that the name given here goes before the one inside the account. */
  override async setUser(account: unknown, name: string): Promise<void> {
    if (!isFields(account) || typeof account['priv'] !== 'string') {
      throw new UsageError('setUser takes an account with the private key as hex in "priv"')
    }
    const inner = typeof account['name'] === 'string' ? account['name'] : ''
    await this.#become(KeyPair.fromPrivateKey(account['priv']), name || inner || randomAnimal())
  }

  override async signData(data: string): Promise<string> {
    return this.sign(data)
  }

  /** `signData` without a promise around what is known at once. */
  sign(data: string): string | Promise<string> {
    return this.#signText === undefined ? this.#signLater(data) : this.#signText(data)
  }

  override async verifySignature(message: Partial<WireRecord>): Promise<boolean> {
    const { h, a, s } = message
    if (h === undefined || a === undefined || s === undefined) return false
    return this.#verifier.verify(h, a, s)
  }

  /** `verifySignature` without a promise around what is known at once. */
  get verifier(): Verifier {
    return this.#verifier
  }

  /** From PKCS#8 in hex. Throws UsageError for anything else. */
  override async getAccountFromPrivate(privateKey: string): Promise<EcdsaAccount> {
    const keys = (await KeyPair.fromPrivateKey(privateKey)).exportText()
    return { name: '', pub: keys.publicKey, priv: keys.privateKey }
  }

  override async encryptAccount(password: string): Promise<SealedEcdsaAccount> {
    const keys = (await this.#current()).exportText()
    const iv = systemRandom().bytes(IV_BYTES)
    const text = JSON.stringify({ pub: keys.publicKey, priv: keys.privateKey })
    return { name: this.#username || randomAnimal(), keys: await sealText(text, password, iv), iv: uint8ToBase64(iv) }
  }

  /** Throws AccountError: what stands under a name was written by anybody. */
  override async decryptAccount(account: unknown, password: string): Promise<EcdsaAccount> {
    const { name, keys, iv } = readSealed(account)
    const text = await openText(keys, password, iv)
    if (text === undefined) throw new AccountError('SHOAL_WRONG_PASSWORD', 'the password is wrong for this account')
    try {
      const inner: unknown = JSON.parse(text)
      if (!isFields(inner)) throw new TypeError('no object')
      const { pub, priv } = inner
      const real = (await KeyPair.fromPrivateKey(priv as string)).exportText()
      if (typeof pub !== 'string' || pub.toLowerCase() !== real.publicKey)
        throw new TypeError('the halves do not match')
      return { name, pub: real.publicKey, priv: real.privateKey }
    } catch (cause) {
      throw badAccount(cause)
    }
  }

  /** The public key as the hex of both coordinates. */
  async getPublic(): Promise<string> {
    return (await this.#current()).exportText().publicKey.slice(-128)
  }

  /** PKCS#8, hex. */
  override async exportPrivateKey(): Promise<string> {
    return (await this.#current()).exportText().privateKey
  }

  override getAddress(): string | undefined {
    return this.#keys?.address
  }

  override getUsername(): string | undefined {
    return this.#username
  }

  override isAddress(text: string): boolean {
    return this.#verifier.isAddress(text)
  }

  // Keys load asynchronously: what was asked for later stays, also where it is there earlier.
  async #become(keys: Promise<KeyPair>, username: string): Promise<void> {
    const turn = ++this.#turnsAsked
    const loaded = await keys
    if (turn < this.#turnTaken) return
    this.#turnTaken = turn
    this.#keys = loaded
    this.#signText = textSigner(loaded)
    this.#username = username
  }

  async #signLater(data: string): Promise<string> {
    await this.#current()
    return (this.#signText as SignText)(data)
  }

  async #current(): Promise<KeyPair> {
    if (this.#keys === undefined) await this.#first
    if (this.#keys === undefined) {
      throw new UsageError('there are no keys: WebCrypto is missing (in a browser it needs https or localhost)')
    }
    return this.#keys
  }
}

function readSealed(account: unknown): { name: string; keys: string; iv: Uint8Array } {
  if (!isFields(account)) throw badAccount()
  const { name, keys, iv } = account
  if (typeof name !== 'string' || typeof keys !== 'string' || typeof iv !== 'string') throw badAccount()
  if (keys.length > SEALED_LENGTH_MAX || iv.length > IV_TEXT_LENGTH_MAX) throw badAccount()
  try {
    return { name, keys, iv: base64ToUint8(iv) }
  } catch (cause) {
    throw badAccount(cause)
  }
}

function badAccount(cause?: unknown): AccountError {
  return new AccountError('SHOAL_BAD_ACCOUNT', 'this is no account of ECDSA keys, or a damaged one', { cause })
}
