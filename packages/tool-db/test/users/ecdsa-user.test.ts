import { UsageError } from '@shoal/base'
import { KeyPair } from '@shoal/peer'
import { expect, test, vi } from 'vitest'
import { base64ToUint8 } from '../../src/compat/encoding.ts'
import { sha256 } from '../../src/compat/hashes.ts'
import { sealText } from '../../src/users/account-cipher.ts'
import { AccountError } from '../../src/users/account-error.ts'
import { type SealedEcdsaAccount, ToolDbEcdsaUser } from '../../src/users/ecdsa-user.ts'
import { ToolDbUserAdapter } from '../../src/users/user-adapter.ts'
import { golden, goldenRecords, TheirEcdsaUser } from '../records/golden.ts'

const host = { logger: () => undefined }
const signUp = golden.cases.find((one) => one.name === 'signUp') as (typeof golden.cases)[number]
const sealed = signUp.message.data.v as SealedEcdsaAccount
const password = sha256(signUp.password as string)

async function fresh(): Promise<ToolDbEcdsaUser> {
  const user = new ToolDbEcdsaUser(host)
  await user.anonUser()
  return user
}

test('[R-34] the adapter is of the base class, whose methods do nothing, as in tool-db', async () => {
  expect(new ToolDbEcdsaUser(host)).toBeInstanceOf(ToolDbUserAdapter)
  const base = new ToolDbUserAdapter(host)
  expect(base.tooldb).toBe(host)
  expect(await base.signData('x')).toBe('')
  expect(await base.verifySignature({})).toBe(false)
  expect([await base.anonUser(), await base.setUser({}, 'x')]).toEqual([undefined, undefined])
  expect(await base.getAccountFromPrivate('x')).toBeUndefined()
  expect(await base.encryptAccount('x')).toBeUndefined()
  expect(await base.decryptAccount({}, 'x')).toBeUndefined()
  expect([base.getAddress(), base.getUsername()]).toEqual(['', ''])
})

test('[R-35] who signed up with tool-db signs in here, with the address that signed the claim', async () => {
  const user = await fresh()
  const account = await user.decryptAccount(sealed, password)
  expect(account.name).toBe(sealed.name)
  await user.setUser(account, signUp.username as string)
  expect(user.getAddress()).toBe(signUp.message.data.a)
  expect(user.getUsername()).toBe('alice')
})

test('[R-35] who signed up here signs in with @tool-db/ecdsa-user', async () => {
  const ours = await fresh()
  const account = await ours.encryptAccount(password)
  const theirUser = new TheirEcdsaUser(host)
  await theirUser.anonUser()
  await theirUser.setUser(await theirUser.decryptAccount(account, password), 'bob')
  expect(theirUser.getAddress()).toBe(ours.getAddress())
  expect(theirUser.getUsername()).toBe(ours.getUsername())
  const s = await theirUser.signData('h')
  expect(await ours.verifySignature({ h: 'h', a: theirUser.getAddress(), s })).toBe(true)
  const signed = { h: 'h', a: ours.getAddress() as string, s: await ours.signData('h') }
  expect(await theirUser.verifySignature(signed)).toBe(true)
  expect(await theirUser.getPublic()).toBe(await ours.getPublic())
})

test('[R-36] a wrong password, and an account that is none, are said by a code', async () => {
  const user = await fresh()
  const code = (account: unknown, by = password): Promise<unknown> =>
    user.decryptAccount(account, by).then(
      () => 'opened',
      (error: unknown) => error instanceof AccountError && error.code,
    )
  expect(await code(sealed)).toBe('opened')
  expect(await code(sealed, 'other')).toBe('SHOAL_WRONG_PASSWORD')
  const flipped = `${sealed.keys.startsWith('0') ? '1' : '0'}${sealed.keys.slice(1)}`
  expect(await code({ ...sealed, keys: flipped })).toBe('SHOAL_WRONG_PASSWORD')
  const none = [
    null,
    undefined,
    7,
    'x',
    [],
    {},
    { ...sealed, iv: undefined },
    { ...sealed, keys: 7 },
    { ...sealed, name: {} },
  ]
  for (const account of [...none, { ...sealed, iv: '!!' }, { ...sealed, keys: 'a'.repeat(9_000) }]) {
    expect(await code(account), JSON.stringify(account)).toBe('SHOAL_BAD_ACCOUNT')
  }
  for (const change of [{ iv: '' }, { keys: '' }, { keys: 'zz' }]) {
    expect(await code({ ...sealed, ...change })).toBe('SHOAL_WRONG_PASSWORD')
  }
})

test('[R-36] a sealed account whose halves do not belong together is refused', async () => {
  const user = await fresh()
  const seal = async (inner: unknown): Promise<unknown> => ({
    ...sealed,
    keys: await sealText(JSON.stringify(inner), password, base64ToUint8(sealed.iv)),
  })
  const mine = (await KeyPair.generate()).exportText()
  const other = (await KeyPair.generate()).exportText()
  const good = await seal({ pub: mine.publicKey, priv: mine.privateKey })
  expect((await user.decryptAccount(good, password)).priv).toBe(mine.privateKey)
  for (const inner of [
    { pub: other.publicKey, priv: mine.privateKey },
    { priv: mine.privateKey },
    {},
    null,
    7,
    { pub: 'x', priv: 'y' },
  ]) {
    await expect(user.decryptAccount(await seal(inner), password)).rejects.toThrow(AccountError)
  }
})

test('[R-37] keysSignIn: a private key in hex gives the account, and the name given is the username', async () => {
  const user = await fresh()
  const account = await user.getAccountFromPrivate(golden.user.pkcs8)
  await user.setUser(account, 'carol')
  expect(user.getAddress()).toBe(golden.user.address)
  expect(user.getUsername()).toBe('carol')
  for (const wrong of ['', '0x1234', 'zz', golden.user.pkcs8.slice(2)]) {
    await expect(user.getAccountFromPrivate(wrong)).rejects.toThrow(UsageError)
  }
  for (const wrong of [undefined, null, {}, { priv: 7 }, { priv: 'zz' }]) {
    await expect(user.setUser(wrong, 'x')).rejects.toThrow(UsageError)
  }
  expect(user.getAddress()).toBe(golden.user.address)
})

test('[R-37] without a name the one inside the account is taken, without that an animal', async () => {
  const user = await fresh()
  const account = await user.getAccountFromPrivate(golden.user.pkcs8)
  await user.setUser({ ...account, name: 'Soft Slug' }, '')
  expect(user.getUsername()).toBe('Soft Slug')
  await user.setUser(account, '')
  expect(user.getUsername()).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
})

test('[R-38] an adapter is somebody from the start, and what was asked for last stays', async () => {
  const user = new ToolDbEcdsaUser(host)
  expect(user.getAddress()).toBeUndefined()
  expect(await user.signData('x')).toMatch(/^[0-9a-f]{128}$/)
  expect(user.getAddress()).toBeTypeOf('string')
  const before = user.getAddress()
  await user.anonUser()
  expect(user.getAddress()).not.toBe(before)
})

test('[R-38] keys that are ready late do not replace those that were asked for later', async () => {
  const { subtle } = globalThis.crypto
  const pair = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  let release: (keys: typeof pair) => void = () => undefined
  const late = new Promise<typeof pair>((resolve) => {
    release = resolve
  })
  const generate = vi.spyOn(subtle, 'generateKey').mockReturnValue(late as never)
  try {
    const user = new ToolDbEcdsaUser(host)
    const anonymous = user.anonUser()
    await user.setUser(await user.getAccountFromPrivate(golden.user.pkcs8), 'last')
    release(pair)
    await anonymous
    expect([user.getAddress(), user.getUsername()]).toEqual([golden.user.address, 'last'])
  } finally {
    generate.mockRestore()
  }
})

test('[R-10] golden records verify by the adapter, and by no other author', async () => {
  const user = await fresh()
  for (const { message } of goldenRecords) {
    expect(await user.verifySignature(message.data)).toBe(true)
    expect(await user.verifySignature({ ...message.data, a: golden.peer.address })).toBe(false)
    for (const field of ['h', 'a', 's'])
      expect(await user.verifySignature({ ...message.data, [field]: undefined })).toBe(false)
  }
})

test('[U-13] what an ECDSA account says of rounds is not asked: opening any is the same work', async () => {
  const user = await fresh()
  const absurd = { ...sealed, iterations: 1e15, rounds: 2 ** 53, kdf: { n: 2 ** 30 } }
  expect((await user.decryptAccount(absurd, password)).name).toBe(sealed.name)
})
