import { expect, test } from 'vitest'
import { type Hello, parseHello, sharedFeatures } from '../src/index.ts'

const hello: Hello = {
  v: 1,
  features: ['proof', 'ack', 'some-later-one'],
  nonce: 'ab'.repeat(32),
  instance: 'cd'.repeat(16),
  address: 'A'.repeat(86),
}

test('[P-15] a hello parses into its own fields, unknown features and later versions among them', () => {
  expect(parseHello({ ...hello, more: {} })).toEqual({ ok: true, value: hello })
  expect(parseHello({ ...hello, v: 2, features: [] }).ok).toBe(true)
  for (const bytes of [32, 48]) {
    const offering = { ...hello, noise: '0f'.repeat(bytes) }
    expect(parseHello(offering)).toEqual({ ok: true, value: offering })
  }
})

test('[P-15] a malformed hello is a rejection, so that nobody is made to look like a plain peer', () => {
  const wrong: [unknown, string][] = [
    ...[null, undefined, true, 7, 'x', [hello]].map((odd): [unknown, string] => [odd, 'hello-shape']),
    ...[0, -1, 1.5, '1', null, 1e9].map((v): [unknown, string] => [{ ...hello, v }, 'hello-version']),
    ...[
      'proof',
      null,
      [7],
      ['a,b'],
      ['A'],
      [''],
      ['proof', 'proof'],
      ['x'.repeat(33)],
      Array.from({ length: 33 }, (_, i) => `f${i}`),
    ].map((features): [unknown, string] => [{ ...hello, features }, 'hello-features']),
    ...['', 'AB'.repeat(32), 'ab'.repeat(31), 7, null].map((nonce): [unknown, string] => [
      { ...hello, nonce },
      'hello-nonce',
    ]),
    ...['', 'zz'.repeat(16), 7].map((instance): [unknown, string] => [{ ...hello, instance }, 'hello-instance']),
    ...['', 'a.b'.repeat(20), 7, undefined].map((address): [unknown, string] => [
      { ...hello, address },
      'hello-address',
    ]),
    ...['', '0f'.repeat(31), '0f'.repeat(49), `${'0f'.repeat(32)}0`, '0F'.repeat(32), 7, null].map(
      (noise): [unknown, string] => [{ ...hello, noise }, 'hello-noise'],
    ),
  ]
  for (const [input, reason] of wrong) expect(parseHello(input)).toEqual({ ok: false, reason })
})

test('[P-16] only features that both sides named are used', () => {
  const shared = sharedFeatures({ features: ['proof', 'ack', 'x'] }, { features: ['page', 'ack', 'proof'] })
  expect([...shared].sort()).toEqual(['ack', 'proof'])
  expect(sharedFeatures({ features: [] }, { features: ['ack'] }).size).toBe(0)
})
