import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  EcdsaVerifier,
  KeyPair,
  type ProofFields,
  type ProofRole,
  parseProofStatement,
  proofDigest,
  signProof,
  verifyProof,
} from '../src/index.ts'
import { sha256 } from './golden.ts'

const dialler = await KeyPair.generate()
const dialled = await KeyPair.generate()
const verifier = new EcdsaVerifier()

const fields: ProofFields = {
  topicPublicId: 'tøpic',
  dialler: { nonce: '1'.repeat(64), address: dialler.address, features: ['proof', 'ack'] },
  dialled: { nonce: '2'.repeat(64), address: dialled.address, features: ['proof', 'page'] },
  endpoint: '203.0.113.7:9000',
  handshakeHash: '',
}
const holds = (role: ProofRole, of: ProofFields, sig: string): Promise<boolean> =>
  verifyProof(role, of, { sig, verifier, sha256 })

test('[P-17] the digest is SHA-256 over label, role and fields, each with its 32-bit length before it', () => {
  const hash = createHash('sha256')
  const texts = ['shoal proof 1', 'dialled', '1'.repeat(64), '2'.repeat(64), 'tøpic', dialler.address, dialled.address]
  for (const text of [...texts, '203.0.113.7:9000', 'proof,ack', 'proof,page', '']) {
    const bytes = Buffer.from(text, 'utf8')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  expect(proofDigest('dialled', fields, sha256)).toBe(hash.digest('hex'))
})

test('[P-18] each side signs its own role, and the other side verifies it', async () => {
  expect(await holds('dialler', fields, await signProof('dialler', fields, dialler, sha256))).toBe(true)
  expect(await holds('dialled', fields, await signProof('dialled', fields, dialled, sha256))).toBe(true)
})

test('[P-18] a proof holds in no other role, connection, topic, endpoint or feature list', async () => {
  const sig = await signProof('dialled', fields, dialled, sha256)
  const other = await KeyPair.generate()
  const changed: ProofFields[] = [
    { ...fields, topicPublicId: 'other' },
    { ...fields, endpoint: '203.0.113.7:9001' },
    { ...fields, handshakeHash: 'ab' },
    { ...fields, dialler: { ...fields.dialler, nonce: '3'.repeat(64) } },
    { ...fields, dialled: { ...fields.dialled, nonce: '3'.repeat(64) } },
    { ...fields, dialler: { ...fields.dialler, address: other.address } },
    { ...fields, dialled: { ...fields.dialled, address: other.address } },
    { ...fields, dialler: { ...fields.dialler, features: ['proof'] } },
    { ...fields, dialled: { ...fields.dialled, features: ['page', 'proof'] } },
    { ...fields, dialler: fields.dialled, dialled: fields.dialler },
  ]
  for (const one of changed) expect(await holds('dialled', one, sig)).toBe(false)
  expect(await holds('dialler', fields, sig)).toBe(false)
  expect(await holds('dialled', fields, await signProof('dialled', fields, other, sha256))).toBe(false)
})

test('[P-18] a nonce that only echoes ours proves nothing', async () => {
  const echo = { ...fields, dialled: { ...fields.dialled, nonce: fields.dialler.nonce } }
  expect(await holds('dialled', echo, await signProof('dialled', echo, dialled, sha256))).toBe(false)
})

test('[P-19] malformed proofs are rejections with a word', () => {
  const good = { endpoint: '[2a00::1]:9000', sig: 'ab'.repeat(64) }
  expect(parseProofStatement({ ...good, more: 1 })).toEqual({ ok: true, value: good })
  const endpoints = ['', 'a b', 'a\n', 'ü:1', 7, null, undefined, 'x'.repeat(262), {}]
  for (const endpoint of endpoints) {
    expect(parseProofStatement({ ...good, endpoint })).toEqual({ ok: false, reason: 'proof-endpoint' })
  }
  for (const sig of ['', 'x y', 7, null, undefined, 'a'.repeat(600), []]) {
    expect(parseProofStatement({ ...good, sig })).toEqual({ ok: false, reason: 'proof-signature' })
  }
  for (const odd of [null, 7, 'x', [good], undefined]) {
    expect(parseProofStatement(odd)).toEqual({ ok: false, reason: 'proof-shape' })
  }
})
