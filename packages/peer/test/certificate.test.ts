import { createPublicKey, verify } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { fromHex, HOUR } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Certificate,
  certificateFault,
  nobleVerifyEd25519,
  ownedTopic,
  parseCertificate,
  parseHello,
  signCertificate,
} from '../src/index.ts'

const SECRET = new Uint8Array(32).fill(3)
const PUBLIC = ed25519.getPublicKey(SECRET)
const TOPIC = ownedTopic('chat', PUBLIC)
const NOW = 1_800_000_000_000
const PEER = 'a'.repeat(86)
const sign = (message: Uint8Array): Uint8Array => ed25519.sign(message, SECRET)
const GOOD = signCertificate({ peerId: PEER, from: NOW - HOUR, until: NOW + HOUR }, { topic: TOPIC, sign })
const faultOf = (certificate: Certificate, peerId = PEER, now = NOW): string | undefined =>
  certificateFault(certificate, { topic: TOPIC, peerId, now, verify: nobleVerifyEd25519 })

test('[O-1] a certificate holds for one topic, one peer key and one span of time', () => {
  expect(faultOf(GOOD)).toBeUndefined()
  expect(faultOf(GOOD, 'b'.repeat(86))).toBe('other-peer')
  expect(faultOf({ ...GOOD, topic: ownedTopic('chat2', PUBLIC).publicId })).toBe('other-topic')
  expect(faultOf(GOOD, PEER, NOW + HOUR - 1)).toBeUndefined()
  expect(faultOf(GOOD, PEER, NOW + HOUR)).toBe('expired')
  expect(faultOf(GOOD, PEER, NOW - HOUR - 30_000)).toBeUndefined()
  expect(faultOf(GOOD, PEER, NOW - HOUR - 30_001)).toBe('not-yet-valid')
})

test('[O-1] whatever is changed in it, the signature does not hold; nor does one by another key, or for another label', () => {
  const others: Certificate[] = [
    { ...GOOD, until: GOOD.until + 1 },
    { ...GOOD, from: GOOD.from - 1 },
    { ...GOOD, sig: `${GOOD.sig.slice(0, -2)}00` },
    { ...GOOD, sig: '00'.repeat(64) },
    signCertificate(GOOD, { topic: TOPIC, sign: (message) => ed25519.sign(message, new Uint8Array(32).fill(4)) }),
    signCertificate(GOOD, { topic: TOPIC, sign: (message) => sign(message.slice(1)) }),
  ]
  for (const other of others) expect(faultOf(other)).toBe('forged')
  const peerId = `${PEER}b`
  expect(faultOf({ ...GOOD, peerId }, peerId)).toBe('forged')
})

test('[O-1] the signature is plain Ed25519 over label, topic, peer and times, each with its length before it', () => {
  const parts = ['shoal certificate 1', TOPIC.publicId, PEER, String(NOW - HOUR), String(NOW + HOUR)].flatMap(
    (text) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(text))
      return [length, Buffer.from(text)]
    },
  )
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), PUBLIC])
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
  expect(verify(undefined, Buffer.concat(parts), key, fromHex(GOOD.sig) as Uint8Array)).toBe(true)
})

test('[O-2] a certificate is parsed strictly, and a malformed one makes the hello malformed', () => {
  expect(parseCertificate(JSON.parse(JSON.stringify({ ...GOOD, more: 1 })))).toEqual({ ok: true, value: GOOD })
  const wrong: unknown[] = [
    undefined,
    null,
    'certificate',
    [GOOD],
    { ...GOOD, v: 2 },
    { ...GOOD, topic: '' },
    { ...GOOD, topic: 'x'.repeat(257) },
    { ...GOOD, peerId: 'with blank' },
    { ...GOOD, from: '1800000000000' },
    { ...GOOD, from: 1.5 },
    { ...GOOD, until: GOOD.from },
    { ...GOOD, sig: GOOD.sig.toUpperCase() },
    { ...GOOD, sig: GOOD.sig.slice(2) },
  ]
  for (const each of wrong) expect(parseCertificate(each).ok, JSON.stringify(each)).toBe(false)
  const hello = { v: 1, features: ['proof'], nonce: '0'.repeat(64), instance: '0'.repeat(32), address: PEER }
  expect(parseHello(hello)).toEqual({ ok: true, value: hello })
  expect(parseHello({ ...hello, certificate: GOOD })).toEqual({ ok: true, value: { ...hello, certificate: GOOD } })
  expect(parseHello({ ...hello, certificate: { ...GOOD, v: 2 } }).ok).toBe(false)
})

test('[O-2] nothing that comes makes the check throw', () => {
  fc.assert(
    fc.property(fc.anything(), (input) => {
      const parsed = parseCertificate(input)
      if (parsed.ok) faultOf(parsed.value)
    }),
  )
  expect(nobleVerifyEd25519(new Uint8Array(3), new Uint8Array(3), new Uint8Array(3))).toBe(false)
})
