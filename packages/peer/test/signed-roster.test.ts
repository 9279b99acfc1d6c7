import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signedMessage } from '../../dht/src/core/item/item.ts'
import {
  nobleVerifyEd25519,
  openRoster,
  parseRosterText,
  ROSTER_BYTES_MAX,
  rosterMessage,
  rosterPeer,
  rosterSalt,
  rosterText,
} from '../src/index.ts'
import { TestOwner } from './test-owner.ts'

const owner = new TestOwner()
const server = { peer: rosterPeer('one'), endpoint: { host: '45.1.1.1', port: 9_000 } }

test('[O-17] what the owner signs is what BEP 44 says: an item of the DHT is a roster that can be handed on', () => {
  const { seq, value } = owner.item(12, { servers: [server] })
  const bencoded = Buffer.concat([Buffer.from(`${value.length}:`), value])
  expect(rosterMessage(owner.topic, { seq, value })).toEqual(
    Uint8Array.from(signedMessage(rosterSalt(owner.topic), 12n, bencoded)),
  )
})

test('[O-17] a roster that was handed on counts if its owner signed it, for this topic, with this number', () => {
  const item = owner.item(3, { servers: [server] })
  expect(openRoster(owner.topic, item, nobleVerifyEd25519)).toMatchObject({
    ok: true,
    value: { seq: 3, roster: { servers: [server] } },
  })
  const refused = (topic: TestOwner, changed: Partial<typeof item>): unknown =>
    openRoster(topic.topic, { ...item, ...changed }, nobleVerifyEd25519)
  const forged = { ok: false, reason: 'roster-forged' }
  expect(refused(owner, { seq: 4 })).toEqual(forged)
  expect(refused(owner, { value: owner.item(3, {}).value })).toEqual(forged)
  expect(refused(owner, { signature: new Uint8Array(64) })).toEqual(forged)
  expect(refused(owner, { signature: new Uint8Array(63) })).toEqual({ ok: false, reason: 'roster-signature' })
  expect(refused(new TestOwner(8), {})).toEqual(forged)
  expect(refused(new TestOwner(7, 'another'), {})).toEqual(forged)
  expect(refused(owner, { value: new Uint8Array([9, 9]) })).toMatchObject({ ok: false })
})

test('[O-17] as text it comes back as it was; what is none is refused, and never throws', () => {
  const item = owner.item(Number.MAX_SAFE_INTEGER, { servers: [server] })
  const text = rosterText(item)
  expect(parseRosterText(JSON.parse(JSON.stringify(text)))).toEqual({ ok: true, value: item })
  for (const wrong of [
    undefined,
    [],
    { ...text, seq: 0 },
    { ...text, seq: 1.5 },
    { ...text, seq: '1' },
    { ...text, value: 'a'.repeat(Math.ceil((ROSTER_BYTES_MAX * 8) / 6) + 1) },
    { ...text, value: '!' },
    { ...text, sig: text.sig.slice(2) },
    { ...text, sig: text.sig.toUpperCase() },
  ]) {
    expect(parseRosterText(wrong).ok).toBe(false)
  }
  fc.assert(fc.property(fc.anything(), (input) => void parseRosterText(input)))
})
