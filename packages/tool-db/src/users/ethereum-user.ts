/**
 * Users with Ethereum keys, with the accounts, addresses and signatures of @tool-db/web3-user: the address is who one is, a
 * signature is Ethereum's personal message (EIP-191) over the text of the hash, an account a keystore of version 3.
 */

import { fromHex, UsageError } from '@shoal/base'
import { isFields } from '@shoal/peer'
import { addr, eip191Signer } from 'micro-eth-signer'
import { initSig, recoverPublicKey } from 'micro-eth-signer/utils.js'
import { randomAnimal } from '../compat/random-animal.ts'
import type { WireRecord } from '../core/records/record.ts'
import { type EthereumKeystore, openKey, sealKey } from './ethereum-keystore.ts'
import { ToolDbUserAdapter } from './user-adapter.ts'

/** An open account: what `setUser` takes. */
export interface EthereumAccount {
  /** With the capitals of its checksum (EIP-55). */
  readonly address: string
  /** 0x and 64 hex digits. */
  readonly privateKey: string
}

/** r, s and the recovery number as web3 writes it, in lower case: of other spellings the same signature would have several. */
const SIGNATURE = /^0x[0-9a-f]{128}1[bc]$/
const ADDRESS = /^0x[0-9a-fA-F]{40}$/
const PRIVATE_KEY = /^(?:0x)?[0-9a-fA-F]{64}$/

export class ToolDbEthereumUser extends ToolDbUserAdapter {
  #account: EthereumAccount = addr.random()
  #username: string = randomAnimal()

  override async anonUser(): Promise<void> {
    this.#account = addr.random()
    this.#username = randomAnimal()
  }

  override async setUser(account: unknown, name: string): Promise<void> {
    const privateKey = isFields(account) ? account['privateKey'] : undefined
    this.#account = accountOf(privateKey, 'setUser takes an account with the private key in "privateKey"')
    this.#username = name || randomAnimal()
  }

  /** As wallets sign with the same key (RFC 6979, no randomness of our own): the same text has the same signature. */
  override async signData(data: string): Promise<string> {
    return eip191Signer.sign(data, this.#account.privateKey, false)
  }

  override async verifySignature(message: Partial<WireRecord>): Promise<boolean> {
    const { h, a, s } = message
    if (typeof h !== 'string' || typeof a !== 'string' || typeof s !== 'string' || !SIGNATURE.test(s)) return false
    return signerOf(h, s) === a
  }

  /** From 32 bytes in hex, with or without 0x. Throws UsageError for anything else. */
  override async getAccountFromPrivate(privateKey: string): Promise<EthereumAccount> {
    return accountOf(privateKey, 'the private key must be an Ethereum key: 64 hex digits')
  }

  override encryptAccount(password: string): Promise<EthereumKeystore> {
    return sealKey(this.#account.privateKey, password)
  }

  /** Throws AccountError: what stands under a name was written by anybody. */
  override async decryptAccount(account: unknown, password: string): Promise<EthereumAccount> {
    const privateKey = await openKey(account, password)
    return { address: addr.fromPrivateKey(privateKey), privateKey }
  }

  /** 0x and 64 hex digits. */
  override async exportPrivateKey(): Promise<string> {
    return this.#account.privateKey
  }

  override getAddress(): string {
    return this.#account.address
  }

  override getUsername(): string {
    return this.#username
  }

  /** Only with the capitals of the checksum, as web3 has it: otherwise one key would have many addresses. */
  override isAddress(text: string): boolean {
    return ADDRESS.test(text) && addr.addChecksum(text.toLowerCase()) === text
  }
}

/**
 * Whose signature it is; `undefined` for numbers that are no signature of any key. The key that comes out is the one under which
 * the signature holds, so nothing is left to verify: the library's own call does so once more, at twice the cost.
 */
function signerOf(text: string, signature: string): string | undefined {
  const hash = fromHex(eip191Signer.getHash(text).slice(2)) as Uint8Array
  try {
    const numbers = initSig(fromHex(signature.slice(2, 130)) as Uint8Array, signature.endsWith('1b') ? 0 : 1)
    // Of the two forms of s Ethereum has the low one only (EIP-2).
    return numbers.hasHighS() ? undefined : addr.fromPublicKey(recoverPublicKey(numbers, hash))
  } catch {
    return undefined
  }
}

function accountOf(privateKey: unknown, whatIsWanted: string): EthereumAccount {
  if (typeof privateKey !== 'string' || !PRIVATE_KEY.test(privateKey) || !addr.isValidPrivateKey(privateKey)) {
    throw new UsageError(whatIsWanted)
  }
  const text = `0x${privateKey.replace(/^0x/, '').toLowerCase()}`
  return { address: addr.fromPrivateKey(text), privateKey: text }
}
