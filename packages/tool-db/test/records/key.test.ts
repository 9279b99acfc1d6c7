import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import { KEY_BYTES_MAX, keyProblem, namespaceOf, privateKeyOf, writableKey } from '../../src/core/records/key.ts'
import { alice, plain, verdict } from './golden.ts'

test('[R-7] a key is well-formed, bounded, not empty, and not of the reserved ones', async () => {
  const good = ['a', '__proto__', 'chat-1.x', 'ü 日本 🐟', ':a', ':a.b', '==n', '=n', 'x'.repeat(KEY_BYTES_MAX)]
  for (const key of good) expect(keyProblem(key), key).toBeUndefined()
  const wrong = [
    '',
    '\0',
    '\0peer',
    'a\ud800',
    '\udc00b',
    ':',
    ':.b',
    '==',
    'x'.repeat(KEY_BYTES_MAX + 1),
    '日'.repeat(342),
  ]
  for (const key of wrong) {
    expect(keyProblem(key), key).toBeTypeOf('string')
    expect(await verdict(await plain({ k: key })), key).toBe('InvalidKey')
  }
})

test('[R-8] a key with a colon belongs to the address before its first dot, one with == is frozen, others are public', () => {
  expect(namespaceOf(':me.a.b')).toEqual({ kind: 'private', owner: 'me' })
  expect(namespaceOf(':me')).toEqual({ kind: 'private', owner: 'me' })
  expect(namespaceOf('==alice')).toEqual({ kind: 'frozen', name: 'alice' })
  for (const key of ['a', '=a', ' ==a', 'a:b.c', '']) expect(namespaceOf(key)).toEqual({ kind: 'public' })
  expect(privateKeyOf('me', 'a')).toBe(':me.a')
})

test('[R-9] putData takes any key without a dot, its own namespace by its own address', () => {
  expect(writableKey('hello', undefined)).toBe('hello')
  expect(writableKey('==name', undefined)).toBe('==name')
  expect(writableKey('a', alice.address)).toBe(`:${alice.address}.a`)
  for (const name of ['a.b', ':x.y', '', '\0a', '==', '\ud800', 'x'.repeat(2_000), 7, undefined, null]) {
    expect(() => writableKey(name as never, undefined), String(name)).toThrow(UsageError)
    if (name !== '\0a' && name !== '==') expect(() => writableKey(name as never, alice.address)).toThrow(UsageError)
  }
  expect(() => writableKey('a.b', undefined)).toThrow('Key cannot include dots!; a.b')
})
