import { webcrypto } from 'node:crypto'
import { inspect } from 'node:util'
import { UsageError } from '@shoal/base'
import { expect, test, vi } from 'vitest'
import { ADDRESS_LENGTH, clientIdOf, EcdsaVerifier, isEcdsaAddress, KeyPair } from '../src/index.ts'
import { golden, goldenPing } from './golden.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('[P-4] a golden private key gives the address that tool-db printed for it', async () => {
  for (const { pkcs8, address } of [golden.user, golden.peer]) {
    const keys = await KeyPair.fromPrivateKey(pkcs8)
    expect(keys.address).toBe(address)
    expect(isEcdsaAddress(address)).toBe(true)
    expect(keys.exportText().privateKey).toBe(pkcs8)
  }
  expect(clientIdOf(golden.peer.address)).toBe(goldenPing.clientId)
})

test('[P-4] an address is the two coordinates as base64url, for a hundred fresh keys', async () => {
  for (let i = 0; i < 100; i++) {
    const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
    const { x, y } = await webcrypto.subtle.exportKey('jwk', pair.publicKey)
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey)).toString('hex')
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', pair.publicKey)).toString('hex')
    const keys = await KeyPair.fromPrivateKey(pkcs8)
    expect(keys.address).toBe(`${x}${y}`)
    expect(keys.exportText()).toEqual({ publicKey: spki, privateKey: pkcs8 })
  }
})

test('[P-5] one key has one address: every other spelling of it is refused', () => {
  const { address } = golden.user
  const last = ALPHABET.indexOf(address.at(-1) as string)
  const middle = ALPHABET.indexOf(address.charAt(42))
  for (let bits = 1; bits < 4; bits++) {
    expect(isEcdsaAddress(address.slice(0, -1) + ALPHABET.charAt(last + bits))).toBe(false)
    expect(isEcdsaAddress(address.slice(0, 42) + ALPHABET.charAt(middle + bits) + address.slice(43))).toBe(false)
  }
  const wrong = [
    '',
    address.slice(1),
    `${address}A`,
    `${address}=`,
    ` ${address.slice(1)}`,
    address.replace('_', '/'),
    `${address}\n`,
    // Coordinates not below the prime of the field.
    `${'_'.repeat(42)}8${address.slice(43)}`,
    `${address.slice(0, 43)}_____wAAAAEAAAAAAAAAAAAAAAD_______________8`,
  ]
  for (const text of wrong) expect(isEcdsaAddress(text), text).toBe(false)
  for (const odd of [null, undefined, 7, {}, [address]]) expect(isEcdsaAddress(odd as never)).toBe(false)
  expect(address.length).toBe(ADDRESS_LENGTH)
})

test('[P-6] what a key signs its address verifies, and nothing else', async () => {
  const keys = await KeyPair.generate()
  const other = await KeyPair.generate()
  const verifier = new EcdsaVerifier()
  const sig = await keys.sign('text ü')
  expect(sig).toMatch(/^[0-9a-f]{128}$/)
  expect(await verifier.verify('text ü', keys.address, sig)).toBe(true)
  expect(await verifier.verify('text u', keys.address, sig)).toBe(false)
  expect(await verifier.verify('text ü', other.address, sig)).toBe(false)
  expect(await verifier.verify('text ü', keys.address, await other.sign('text ü'))).toBe(false)
  const again = await KeyPair.fromPrivateKey(keys.exportText().privateKey)
  expect(again.address).toBe(keys.address)
  expect(await verifier.verify('x', keys.address, await again.sign('x'))).toBe(true)
})

test('[P-7] a wrong private key is a usage error with a sentence', async () => {
  const { pkcs8 } = golden.user
  const tampered = pkcs8.slice(0, -64) + golden.peer.pkcs8.slice(-64)
  for (const wrong of ['', 'zz', '00', pkcs8.slice(2), `${pkcs8}00`.repeat(9), tampered, undefined, 7]) {
    await expect(KeyPair.fromPrivateKey(wrong as never), String(wrong)).rejects.toThrow(UsageError)
  }
  await expect(KeyPair.fromPrivateKey('0x1234')).rejects.toThrow('PKCS#8 in hex')
})

test('[P-7] a private key is not shown when its pair is printed or serialised', async () => {
  const keys = await KeyPair.fromPrivateKey(golden.user.pkcs8)
  for (const shown of [JSON.stringify(keys), inspect(keys, { depth: 9, showHidden: true }), String(keys)]) {
    expect(shown).not.toContain(golden.user.pkcs8.slice(80, 120))
  }
})

test('[P-8] verifying never rejects: malformed signatures, addresses and texts are false', async () => {
  const keys = await KeyPair.generate()
  const sig = await keys.sign('t')
  const verifier = new EcdsaVerifier()
  const odd = [
    undefined,
    null,
    7,
    {},
    [],
    '',
    'zz',
    `0x${sig}`,
    sig.slice(2),
    `${sig}00`,
    sig.toUpperCase(),
    '0'.repeat(128),
  ]
  for (const wrong of [...odd, 'f'.repeat(128)]) {
    expect(await verifier.verify('t', keys.address, wrong as never), String(wrong)).toBe(false)
  }
  // Canonical, but not on the curve.
  const offCurve = `${'A'.repeat(42)}E${'A'.repeat(42)}E`
  expect(isEcdsaAddress(offCurve)).toBe(true)
  for (const wrong of [...odd, offCurve, '__proto__', 'x'.repeat(86), 'A'.repeat(86)]) {
    expect(await verifier.verify('t', wrong as never, sig), String(wrong)).toBe(false)
  }
  for (const wrong of [undefined, null, 7, {}])
    expect(await verifier.verify(wrong as never, keys.address, sig)).toBe(false)
})

test('[P-9] the verifier holds a bounded number of keys, the used ones longest, and none without a valid signature', async () => {
  const verifier = new EcdsaVerifier(2)
  const keys = await Promise.all([KeyPair.generate(), KeyPair.generate(), KeyPair.generate()])
  const [a, b, c] = keys as [KeyPair, KeyPair, KeyPair]
  await verifier.verify('t', a.address, 'f'.repeat(128))
  expect(verifier.size).toBe(0)
  for (const key of [a, b, a, c, a, b, c]) {
    expect(await verifier.verify('t', key.address, await key.sign('t'))).toBe(true)
    expect(verifier.size).toBeLessThanOrEqual(2)
  }
  await Promise.all(keys.map(async (key) => verifier.verify('t', key.address, await key.sign('t'))))
  expect(verifier.size).toBe(2)
})

test('[P-9] the key that was used last stays imported, the one unused for longest goes', async () => {
  const [a, b, c] = await Promise.all([KeyPair.generate(), KeyPair.generate(), KeyPair.generate()])
  const verifier = new EcdsaVerifier(2)
  const imports = vi.spyOn(globalThis.crypto.subtle, 'importKey')
  try {
    const imported = async (key: KeyPair): Promise<number> => {
      const before = imports.mock.calls.length
      expect(await verifier.verify('t', key.address, await key.sign('t'))).toBe(true)
      return imports.mock.calls.length - before
    }
    const used: number[] = []
    for (const key of [a, b, a, c, a, b]) used.push(await imported(key))
    expect(used).toEqual([1, 1, 0, 1, 0, 1])
  } finally {
    imports.mockRestore()
  }
})
