/**
 * Ethereum keys sealed with a password: keystores of version 3, as wallets and @tool-db/web3-user write them. Whoever made one
 * says in it how much work opening it is, and under `==name` it was put there by anybody, so that work has a limit.
 */

import { toHex } from '@shoal/base'
import { isFields } from '@shoal/peer'
import { addr } from 'micro-eth-signer'
import { privFromLegacyKeystore, privToLegacyKeystore } from 'micro-eth-signer/keystore.js'
import { AccountError } from './account-error.ts'

/** A sealed account: what stands under `==name`. */
export type EthereumKeystore = Parameters<typeof privFromLegacyKeystore>[0]

/** What web3 writes: little by today's measure, and what every peer of a swarm can open quickly. */
const SCRYPT = { kdf: 'scrypt', n: 8_192, r: 8, p: 1, dklen: 32 } as const

/** n * r * p, as geth's own keystores have it (262,144 * 8 * 1): 256 MiB of memory, and a second or two. */
const SCRYPT_WORK_MAX = 2 ** 21
/** Four times what wallets write. */
const PBKDF2_ROUNDS_MAX = 2 ** 20
const DERIVED_BYTES_MAX = 64

export function sealKey(privateKey: string, password: string): Promise<EthereumKeystore> {
  return privToLegacyKeystore(privateKey, password, SCRYPT)
}

/** The private key as 0x and 64 hex digits. Throws AccountError. */
export async function openKey(account: unknown, password: string): Promise<string> {
  const keystore = readKeystore(account)
  let key: Uint8Array
  try {
    key = await privFromLegacyKeystore(keystore, password)
  } catch (cause) {
    // All that could be wrong with its form was looked at before: what is left is the checksum under the password.
    throw new AccountError('SHOAL_WRONG_PASSWORD', 'the password is wrong for this account', { cause })
  }
  const privateKey = `0x${toHex(key)}`
  const { address } = keystore
  if (address !== undefined && address !== addr.fromPrivateKey(key).slice(2).toLowerCase()) throw badAccount()
  return privateKey
}

/** Only the fields that count, each checked: the rest of what came in is never looked at. */
function readKeystore(account: unknown): EthereumKeystore {
  if (!isFields(account) || account['version'] !== 3) throw badAccount()
  // Wallets of the first years write it with a capital.
  const crypto = account['crypto'] ?? account['Crypto']
  if (!isFields(crypto) || !isFields(crypto['cipherparams']) || !isFields(crypto['kdfparams'])) throw badAccount()
  const { cipher, kdf, ciphertext, mac } = crypto
  if (cipher !== 'aes-128-ctr' && cipher !== 'aes-128-cbc') throw badAccount()
  const address = account['address'] === undefined ? undefined : hexOf(account['address'], 20)
  return {
    version: 3,
    id: '',
    ...(address !== undefined && { address }),
    crypto: {
      cipher,
      ciphertext: hexOf(ciphertext, 32),
      cipherparams: { iv: hexOf(crypto['cipherparams']['iv'], 16) },
      mac: hexOf(mac, 32),
      ...derivationOf(kdf, crypto['kdfparams']),
    },
  }
}

function derivationOf(
  kdf: unknown,
  fields: { readonly [name: string]: unknown },
): Pick<EthereumKeystore['crypto'], 'kdf' | 'kdfparams'> {
  const dklen = wholeOf(fields['dklen'], DERIVED_BYTES_MAX)
  const salt = hexOf(fields['salt'])
  if (dklen < 32) throw badAccount()
  if (kdf === 'pbkdf2' && fields['prf'] === 'hmac-sha256') {
    return { kdf, kdfparams: { dklen, salt, prf: 'hmac-sha256', c: wholeOf(fields['c'], PBKDF2_ROUNDS_MAX) } }
  }
  if (kdf !== 'scrypt') throw badAccount()
  const [n, r, p] = [fields['n'], fields['r'], fields['p']].map((field) => wholeOf(field, SCRYPT_WORK_MAX)) as [
    number,
    number,
    number,
  ]
  if (n < 2 || (n & (n - 1)) !== 0 || n * r * p > SCRYPT_WORK_MAX) throw badAccount()
  return { kdf, kdfparams: { dklen, salt, n, r, p } }
}

/** Lower case, without 0x. Of exactly so many bytes where they are given, else of 1 to 128. */
function hexOf(value: unknown, bytes?: number): string {
  const text = typeof value === 'string' && value.length <= 258 ? value.toLowerCase().replace(/^0x/, '') : ''
  const isOfLength = bytes === undefined ? text.length > 0 && text.length % 2 === 0 : text.length === 2 * bytes
  if (!isOfLength || !/^[0-9a-f]*$/.test(text)) throw badAccount()
  return text
}

function wholeOf(value: unknown, max: number): number {
  if (!Number.isSafeInteger(value) || (value as number) < 1 || (value as number) > max) throw badAccount()
  return value as number
}

function badAccount(): AccountError {
  return new AccountError(
    'SHOAL_BAD_ACCOUNT',
    'this is no Ethereum keystore of version 3, a damaged one, or one that takes more work to open than is done here',
  )
}
