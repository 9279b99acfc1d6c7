/** The helpers of @tool-db/ecdsa-user, against the published ones. */

import { createRequire } from 'node:module'
import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import { generateGroupKey } from '../../src/compat/group-key.ts'
import * as ours from '../../src/users/ecdsa.ts'

type Helpers = typeof ours

const theirs = createRequire(new URL('../../../../test/interop/package.json', import.meta.url))(
  '@tool-db/ecdsa-user',
) as Helpers
const PAIRS: readonly (readonly [string, Helpers, Helpers])[] = [
  ['ours to theirs', ours, theirs],
  ['theirs to ours', theirs, ours],
  ['ours to ours', ours, ours],
]

test('[U-20] every name that @tool-db/ecdsa-user exports is here', () => {
  const missing = Object.keys(theirs).filter((name) => !(name in ours) && name !== '__esModule')
  expect(missing).toEqual([])
  expect(ours.default).toBe(ours.ToolDbEcdsaUser)
})

for (const [name, from, to] of PAIRS) {
  test(`[U-21] a group’s key is wrapped for a member and unwrapped by him alone: ${name}`, async () => {
    const [a, b, c] = [await from.generateECDHKeyPair(), await to.generateECDHKeyPair(), await to.generateECDHKeyPair()]
    const group = generateGroupKey()
    const wrapped = await from.wrapGroupKey(group, a.privateKey, b.publicKey)
    expect(await to.unwrapGroupKey(wrapped, b.privateKey, a.publicKey)).toBe(group)
    await expect(to.unwrapGroupKey(wrapped, c.privateKey, a.publicKey)).rejects.toThrow()
    await expect(to.unwrapGroupKey(wrapped, b.privateKey, c.publicKey)).rejects.toThrow()
  })

  test(`[U-22] texts are sealed with a group’s key, an agreed key and a password: ${name}`, async () => {
    const text = 'ü 日本語 \u{1f41f}'
    const hex = generateGroupKey()
    expect(
      await to.decryptWithKey(
        await from.encryptWithKey(text, await from.importAESKey(hex)),
        await to.importAESKey(hex),
      ),
    ).toBe(text)
    const [a, b] = [await from.generateECDHKeyPair(), await to.generateECDHKeyPair()]
    const agreed = await from.deriveSharedKey(
      await from.importECDHPrivateKey(a.privateKey),
      await from.importECDHPublicKey(b.publicKey),
    )
    const same = await to.deriveSharedKey(
      await to.importECDHPrivateKey(b.privateKey),
      await to.importECDHPublicKey(a.publicKey),
    )
    expect(await to.decryptWithKey(await from.encryptWithKey(text, agreed), same)).toBe(text)
    const iv = from.generateIv()
    expect(iv).toHaveLength(12)
    const sealed = (await from.encryptWithPass(text, 'pass', iv)) as string
    expect(await to.decryptWithPass(sealed, 'pass', iv)).toBe(text)
    expect(await to.decryptWithPass(sealed, 'other', iv)).toBeUndefined()
    expect((await to.generateKeyFromPassword('pass')).algorithm).toMatchObject({ name: 'AES-GCM', length: 128 })
  })
}

test('[U-21] what is no key is wrong use, and what can’t be opened says so, whatever it is', async () => {
  const [a, b] = [await ours.generateECDHKeyPair(), await ours.generateECDHKeyPair()]
  for (const wrong of ['', 'zz', a.privateKey, 'ab'.repeat(1_000), 7 as never, undefined as never]) {
    await expect(ours.importECDHPublicKey(wrong)).rejects.toThrow(UsageError)
    if (wrong !== a.privateKey) await expect(ours.importECDHPrivateKey(wrong)).rejects.toThrow(UsageError)
    await expect(ours.importAESKey(wrong)).rejects.toThrow(UsageError)
  }
  // 16 bytes would be a key of AES too.
  await expect(ours.importAESKey('ab'.repeat(16))).rejects.toThrow(UsageError)
  for (const wrong of ['', 'z', 7 as never]) {
    await expect(ours.wrapGroupKey(wrong, a.privateKey, b.publicKey)).rejects.toThrow(UsageError)
  }
  const good = await ours.wrapGroupKey('ab'.repeat(32), a.privateKey, b.publicKey)
  const key = await ours.importAESKey('ab'.repeat(32))
  const wrongKey = { code: 'SHOAL_WRONG_KEY' }
  for (const wrong of [
    null,
    7,
    {},
    { ...good, iv: '!!' },
    { ...good, iv: 7 },
    { ...good, key: '' },
    { ...good, key: 'zz' },
  ]) {
    await expect(ours.unwrapGroupKey(wrong as never, b.privateKey, a.publicKey)).rejects.toMatchObject(wrongKey)
    await expect(ours.decryptWithKey(wrong as never, key)).rejects.toMatchObject(wrongKey)
  }
})

test('[U-22] key pairs for signing and for agreeing, and the platform’s crypto', async () => {
  expect(ours.getCrypto()).toBe(globalThis.crypto)
  const signing = await ours.generateKeyPair('ECDSA')
  expect([signing.privateKey.extractable, signing.privateKey.usages]).toEqual([false, ['sign']])
  const agreeing = await ours.generateKeyPair('ECDH', true)
  expect([agreeing.privateKey.extractable, agreeing.privateKey.usages]).toEqual([true, ['deriveKey', 'deriveBits']])
})
