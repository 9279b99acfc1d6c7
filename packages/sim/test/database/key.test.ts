import { expect, test } from 'vitest'
import { isSimAddress, SimKey, verifySignature } from '../../src/database/key.ts'

test('[H-33] a key signs the same text in the same way, and nothing else verifies', () => {
  const [key, other] = [SimKey.named('one'), SimKey.named('two')]
  const signature = key.sign('text')
  expect(key.sign('text')).toBe(signature)
  expect(isSimAddress(key.address)).toBe(true)
  expect(verifySignature('text', key.address, signature)).toBe(true)
  expect(verifySignature('texts', key.address, signature)).toBe(false)
  expect(verifySignature('text', other.address, signature)).toBe(false)
  expect(verifySignature('text', key.address, other.sign('text'))).toBe(false)
  expect(verifySignature('text', 'no address', signature)).toBe(false)
})
