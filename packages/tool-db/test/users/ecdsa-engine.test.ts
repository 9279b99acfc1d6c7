import { EcdsaVerifier, KeyPair, WEB_CRYPTO } from '@shoal/peer'
import { expect, test } from 'vitest'
import { ECDSA_ENGINE, textSigner } from '../../src/users/ecdsa-engine.ts'

const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
const hex = (value: bigint): string => value.toString(16).padStart(64, '0')

/** What each engine says of one signature. */
async function verdicts(text: string, address: string, signature: string): Promise<readonly boolean[]> {
  const verifiers = [new EcdsaVerifier(4, ECDSA_ENGINE), new EcdsaVerifier(4, WEB_CRYPTO)]
  return Promise.all(verifiers.map((verifier) => verifier.verify(text, address, signature)))
}

test('[R-45] the engine of this platform signs what WebCrypto verifies, and verifies what WebCrypto signs', async () => {
  expect(ECDSA_ENGINE).not.toBe(WEB_CRYPTO)
  const keys = await KeyPair.generate()
  for (const text of ['', 'a', 'ü 日本語', 'x'.repeat(10_000)]) {
    expect(await verdicts(text, keys.address, await keys.sign(text))).toEqual([true, true])
    expect(await verdicts(text, keys.address, await textSigner(keys)(text))).toEqual([true, true])
  }
})

test('[R-45] both engines refuse the same: another text, another key, numbers out of range, points off the curve', async () => {
  const [keys, others] = [await KeyPair.generate(), await KeyPair.generate()]
  const signature = await textSigner(keys)('text')
  const [r, s] = [BigInt(`0x${signature.slice(0, 64)}`), BigInt(`0x${signature.slice(64)}`)]
  expect(await verdicts('other', keys.address, signature)).toEqual([false, false])
  expect(await verdicts('text', others.address, signature)).toEqual([false, false])
  for (const [badR, badS] of [
    [0n, s],
    [r, 0n],
    [ORDER, s],
    [r, ORDER],
    [r ^ 1n, s],
  ] as const) {
    expect(await verdicts('text', keys.address, hex(badR) + hex(badS))).toEqual([false, false])
  }
  const offCurve = new Uint8Array(65).fill(1)
  offCurve[0] = 4
  expect(await ECDSA_ENGINE.importPoint(offCurve)).toBeUndefined()
  expect(await ECDSA_ENGINE.importPoint(new Uint8Array(65))).toBeUndefined()
})

test('[R-45] a signature of another length is false or throws, and never counts', async () => {
  const keys = await KeyPair.generate()
  const point = new Uint8Array(Buffer.from(keys.exportText().publicKey, 'hex').subarray(-65))
  const key = (await ECDSA_ENGINE.importPoint(point)) as object
  const signature = await keys.sign('text')
  expect(signature).toHaveLength(128)
  for (const length of [0, 1, 63, 65, 72]) {
    const bad = signature.slice(0, 2 * length).padEnd(2 * length, '0')
    const verify = async (): Promise<boolean> => ECDSA_ENGINE.verify(key, bad, 'text')
    expect(await verify().catch(() => false)).toBe(false)
  }
})
