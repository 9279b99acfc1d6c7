import { readFileSync } from 'node:fs'
import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import type { WireRecord } from '../../src/core/records/record.ts'
import { RecordDraft, signedRecord, writtenValue } from '../../src/core/records/write.ts'
import { DEFAULT_OPTIONS } from '../../src/options.ts'
import { verifyRecord } from '../../src/runtime/verify-record.ts'
import { AccountError } from '../../src/users/account-error.ts'
import { isAddressFor, verifierOf } from '../../src/users/adapter-keys.ts'
import { ToolDbEcdsaUser } from '../../src/users/ecdsa-user.ts'
import { ToolDbEthereumUser } from '../../src/users/ethereum-user.ts'
import { golden, goldenRecords, NOW, sha256, TheirEcdsaUser } from '../records/golden.ts'

interface Vectors {
  readonly privateKey: string
  readonly address: string
  readonly cases: readonly WireRecord[]
  readonly keystore: {
    readonly password: string
    readonly v3: { readonly crypto: { readonly kdfparams: object; readonly [field: string]: unknown } }
  }
}

const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../../vectors/ethereum-user.json', import.meta.url), 'utf8'),
)
const { v3, password } = vectors.keystore
const host = { logger: () => undefined }
const clock = { now: () => NOW }
const topic = 'vectors'
const ORDER = BigInt('0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141')

async function goldenUser(): Promise<ToolDbEthereumUser> {
  const user = new ToolDbEthereumUser(host)
  await user.setUser(await user.getAccountFromPrivate(vectors.privateKey), 'bob')
  return user
}

function verdict(record: unknown, account: ToolDbEthereumUser | ToolDbEcdsaUser): Promise<string> {
  return verifyRecord(record, { options: { ...DEFAULT_OPTIONS, topic }, account, clock })
}

test('[U-10] web3’s signatures verify, and ours are the very same texts', async () => {
  const user = await goldenUser()
  expect(user.getAddress()).toBe(vectors.address)
  expect(user.getUsername()).toBe('bob')
  for (const record of vectors.cases) {
    expect(await user.verifySignature(record)).toBe(true)
    expect(await user.signData(record.h)).toBe(record.s)
    expect(await new ToolDbEthereumUser(host).verifySignature(record)).toBe(true)
  }
})

test('[U-10] a record counts as its author’s by address, text and form of the signature alone', async () => {
  const user = await goldenUser()
  const [record] = vectors.cases as [WireRecord]
  const { h, a, s } = record
  const numbers = [s.slice(2, 66), s.slice(66, 130), s.slice(130)] as const
  const high = (ORDER - BigInt(`0x${numbers[1]}`)).toString(16).padStart(64, '0')
  const flipped = numbers[2] === '1b' ? '1c' : '1b'
  const spellings = [
    s.toUpperCase(),
    s.slice(2),
    `0x${s.slice(2).toUpperCase()}`,
    `${s.slice(0, 130)}${numbers[2] === '1b' ? '00' : '01'}`,
    `0x${numbers[0]}${high}${flipped}`,
    `${s.slice(0, 130)}${flipped}`,
    `0x${'00'.repeat(64)}1b`,
    `0x${'ff'.repeat(64)}1b`,
    `0x${'00'.repeat(31)}05${numbers[1]}1b`,
  ]
  for (const other of spellings) expect(await user.verifySignature({ h, a, s: other }), other).toBe(false)
  for (const author of [a.toLowerCase(), a.toUpperCase(), golden.user.address, `${a}0`]) {
    expect(await user.verifySignature({ h, a: author, s })).toBe(false)
  }
  expect(await user.verifySignature({ h: `${h}0`, a, s })).toBe(false)
  for (const odd of [7, null, {}, []]) {
    expect(await user.verifySignature({ h, a, s: odd as never })).toBe(false)
    expect(await user.verifySignature({ h: odd as never, a, s })).toBe(false)
  }
})

test('[U-11] an address has the capitals of its checksum, and no other form', () => {
  const user = new ToolDbEthereumUser(host)
  const { address } = vectors
  expect(user.isAddress(address)).toBe(true)
  expect(user.isAddress(user.getAddress())).toBe(true)
  const others = [address.toLowerCase(), address.slice(2), `${address}0`, `0X${address.slice(2)}`, '', '0x']
  for (const text of [...others, golden.user.address, `0x${'zz'.repeat(20)}`]) expect(user.isAddress(text)).toBe(false)
  expect(isAddressFor(user, address.toLowerCase())).toBe(false)
})

test('[U-12] a keystore of web3’s is opened, and what we seal has its form', async () => {
  const user = new ToolDbEthereumUser(host)
  const account = await user.decryptAccount(v3, password)
  expect(account).toEqual({ address: vectors.address, privateKey: vectors.privateKey })
  const { crypto, ...rest } = v3 as { crypto: { kdfparams: object } }
  const old = { ...rest, Crypto: crypto, address: `0x${vectors.address.slice(2)}` }
  expect((await user.decryptAccount(old, password)).address).toBe(vectors.address)
  await user.setUser(account, 'bob')
  const sealed = await user.encryptAccount('pw')
  expect(Object.keys(sealed).sort()).toEqual(Object.keys(v3).sort())
  expect(sealed.crypto).toMatchObject({ kdf: 'scrypt', cipher: 'aes-128-ctr', kdfparams: { n: 8192, r: 8, p: 1 } })
  expect(sealed.address).toBe(vectors.address.slice(2).toLowerCase())
  expect((await user.decryptAccount(sealed, 'pw')).privateKey).toBe(vectors.privateKey)
})

async function codeOf(account: unknown, by: string = password): Promise<unknown> {
  return new ToolDbEthereumUser(host).decryptAccount(account, by).then(
    () => 'opened',
    (error: unknown) => error instanceof AccountError && error.code,
  )
}

test('[U-12] a wrong password, a changed text and what is no keystore are told apart', async () => {
  expect(await codeOf(v3, 'other')).toBe('SHOAL_WRONG_PASSWORD')
  const crypto = (change: object): object => ({ ...v3, crypto: { ...v3.crypto, ...change } })
  expect(await codeOf(crypto({ ciphertext: '00'.repeat(32) }))).toBe('SHOAL_WRONG_PASSWORD')
  expect(await codeOf(crypto({ mac: '00'.repeat(32) }))).toBe('SHOAL_WRONG_PASSWORD')
  expect(await codeOf({ ...v3, address: '00'.repeat(20) })).toBe('SHOAL_BAD_ACCOUNT')
  const none = [undefined, null, 7, 'x', [], {}, { ...v3, version: 1 }, { ...v3, crypto: null }, { ...v3, address: 7 }]
  const damaged = [
    { mac: undefined },
    { mac: 'zz'.repeat(32) },
    { ciphertext: '00' },
    { ciphertext: 'ab'.repeat(1_000_000) },
    { cipher: 'aes-256-gcm' },
    { kdf: 'md5' },
    { kdfparams: null },
    { cipherparams: {} },
    { cipherparams: { iv: '00' } },
  ]
  for (const account of [...none, ...damaged.map(crypto)]) expect(await codeOf(account)).toBe('SHOAL_BAD_ACCOUNT')
})

test('[U-13] a keystore that asks for absurd work is refused before any is done', async () => {
  const scrypt = (change: object): object => ({
    ...v3,
    crypto: { ...v3.crypto, kdfparams: { ...v3.crypto.kdfparams, ...change } },
  })
  const pbkdf2 = (c: unknown): object => ({
    ...v3,
    crypto: { ...v3.crypto, kdf: 'pbkdf2', kdfparams: { dklen: 32, salt: '00'.repeat(32), prf: 'hmac-sha256', c } },
  })
  for (const change of [
    { n: 2 ** 30 },
    { n: 2 ** 20 },
    { p: 2 ** 20 },
    { r: 2 ** 20 },
    { n: 2 ** 18, r: 8, p: 2 },
    { n: 8_191 },
    { n: 1 },
    { n: -8_192 },
    { n: 8_192.5 },
    { n: Number.POSITIVE_INFINITY },
    { n: '8192' },
    { p: 0 },
    { dklen: 2 ** 20 },
    { dklen: 16 },
    { salt: '' },
    { salt: '0' },
    { salt: 'ab'.repeat(100_000) },
  ]) {
    expect(await codeOf(scrypt(change)), JSON.stringify(change).slice(0, 80)).toBe('SHOAL_BAD_ACCOUNT')
  }
  for (const c of [2 ** 40, 1e300, 2 ** 20 + 1, 0, -1, '1']) expect(await codeOf(pbkdf2(c))).toBe('SHOAL_BAD_ACCOUNT')
  // What wallets write is opened: here with the wrong checksum, so it was tried.
  expect(await codeOf(pbkdf2(1_000))).toBe('SHOAL_WRONG_PASSWORD')
  expect(await codeOf(scrypt({ n: 4_096, p: 6 }))).toBe('SHOAL_WRONG_PASSWORD')
})

test('[U-14] keys come in as 64 hex digits, with 0x or without; anything else is wrong use', async () => {
  const user = new ToolDbEthereumUser(host)
  const bare = vectors.privateKey.slice(2)
  for (const text of [vectors.privateKey, bare, bare.toUpperCase()]) {
    expect(await user.getAccountFromPrivate(text)).toEqual({
      address: vectors.address,
      privateKey: vectors.privateKey,
    })
  }
  const before = user.getAddress()
  for (const wrong of ['', '0x', bare.slice(1), `${bare}0`, 'zz'.repeat(32), '00'.repeat(32), ORDER.toString(16)]) {
    await expect(user.getAccountFromPrivate(wrong)).rejects.toThrow(UsageError)
  }
  for (const wrong of [undefined, null, {}, { privateKey: 7 }, { privateKey: '0x' }]) {
    await expect(user.setUser(wrong, 'x')).rejects.toThrow(UsageError)
  }
  expect(user.getAddress()).toBe(before)
  await user.setUser({ privateKey: bare }, '')
  expect(user.getUsername()).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
})

test('[U-15] a bound record of an Ethereum user holds at its key and nowhere else; a made-up binding is none', async () => {
  const user = await goldenUser()
  const init = { key: 'k', address: vectors.address, time: NOW, value: writtenValue(1), type: null, pow: null }
  const unsigned = new RecordDraft({ ...init, topicPublicId: topic }, sha256).step(10)
  if (unsigned === undefined) throw new Error('no work was asked for')
  const record = signedRecord(unsigned, await user.signData(unsigned.h))
  expect(await verdict(record, user)).toBe('Verified')
  expect(await verdict({ ...record, k: 'other' }, user)).toBe('InvalidBinding')
  expect(await verdict({ ...record, s: record.s.replace(/.{8}$/, '00000000') }, user)).toBe('InvalidSignature')
  for (const golden of vectors.cases) {
    // The bound one of the vectors shows a text as nonce under a signature; its binding is of no topic.
    const expected = typeof golden.n === 'string' ? 'InvalidBinding' : 'Verified'
    expect(await verdict(golden, user)).toBe(expected)
  }
})

test('[U-16] a swarm has users of one kind: those of another are refused, and end nothing', async () => {
  const ethereum = await goldenUser()
  const ecdsa = new ToolDbEcdsaUser(host)
  await ecdsa.anonUser()
  for (const record of vectors.cases) {
    expect(await verdict(record, ecdsa)).toBe('InvalidData')
    expect(await verifierOf(ecdsa).verify(record.h, record.a, record.s)).toBe(false)
    // npm tool-db's adapter rejects there, which nothing in tool-db catches.
    await expect(new TheirEcdsaUser(host).verifySignature(record)).rejects.toThrow()
  }
  for (const { message } of goldenRecords) {
    expect(await verdict(message.data, ethereum)).toBe('InvalidData')
    expect(await ethereum.verifySignature(message.data)).toBe(false)
  }
})
