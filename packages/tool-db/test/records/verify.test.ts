import { expect, test } from 'vitest'
import { recordHash } from '../../src/core/records/hash.ts'
import { checkRecord } from '../../src/core/records/verify.ts'
import { writtenValue } from '../../src/core/records/write.ts'
import {
  alice,
  bound,
  GOLDEN_TIME,
  goldenRecords,
  mallory,
  NOW,
  plain,
  rules,
  sha256,
  TOPIC,
  theirVerdict,
  verdict,
} from './golden.ts'

test('[R-10] every golden record verifies in full, with proof of work where it has some', async () => {
  for (const { name, message, pow } of goldenRecords) {
    expect(await verdict(message.data, { pow: pow ?? 0 }), name).toBe('Verified')
    expect(await verdict(JSON.parse(JSON.stringify(message.data)), { pow: null }), name).toBe('Verified')
  }
})

test('[R-11] a value swapped under a valid signature is refused whatever pow is', async () => {
  for (const { message } of goldenRecords) {
    for (const pow of [null, 0]) {
      expect(await verdict({ ...message.data, v: 'swapped' }, { pow })).toBe('InvalidHashNonce')
    }
  }
  const worked = goldenRecords.find((one) => one.pow === 3) as (typeof goldenRecords)[number]
  expect(await verdict({ ...worked.message.data, v: 'swapped' }, { pow: 3 })).toBe('InvalidHashNonce')
})

test('[R-11] every signed field is covered: author, time, nonce, value and hash', async () => {
  const record = await bound()
  const later = { ...record, t: record.t + 1 }
  expect(await verdict(later)).toBe('InvalidHashNonce')
  expect(await verdict({ ...record, n: String(record.n).replace('2.0.', '2.1.') })).toBe('InvalidHashNonce')
  expect(await verdict({ ...record, a: mallory.address })).toBe('InvalidHashNonce')
  expect(await verdict({ ...later, h: recordHash(later, sha256) })).toBe('InvalidSignature')
  const stolen = { ...record, a: mallory.address }
  expect(await verdict({ ...stolen, h: recordHash(stolen, sha256) })).toBe('InvalidSignature')
  expect(await verdict({ ...record, s: await mallory.sign(record.h) })).toBe('InvalidSignature')
  expect(await verdict({ ...record, s: 'f'.repeat(128) })).toBe('InvalidSignature')
})

test('[R-12] digits moved from the time to the nonce, which leave the hashed text as it was, are refused', async () => {
  const record = await plain({ t: 1_795_329_614_771, n: 7 })
  const digits = String(record.t)
  expect(await verdict(record)).toBe('Verified')
  for (let moved = 1; moved <= 12; moved++) {
    const attack = { ...record, t: Number(digits.slice(0, -moved)), n: Number(`${digits.slice(-moved)}7`) }
    expect(recordHash(attack, sha256), 'the attack is a real one').toBe(record.h)
    expect(await verdict(attack), String(moved)).toBe('InvalidTimestamp')
  }
  const toTime = await plain({ t: 1_795_329_614_771, n: 12 })
  const attack = { ...toTime, t: Number(`${toTime.t}1`), n: 2 }
  expect(recordHash(attack, sha256), 'the attack is a real one').toBe(toTime.h)
  expect(await verdict(attack)).toBe('InvalidTimestamp')
})

test('[R-12] digits moved between value, author and time are refused', async () => {
  const record = await plain({ v: 1, t: 1_795_329_614_771 })
  const toValue = { ...record, v: JSON.parse(`"1${record.a[0]}"`), a: record.a.slice(1) }
  expect(await verdict(toValue)).toBe('InvalidData')
  const toTime = { ...record, a: record.a + String(record.t)[0], t: Number(String(record.t).slice(1)) }
  expect(recordHash(toTime, sha256), 'the attack is a real one').toBe(record.h)
  expect(await verdict(toTime)).toBe('InvalidTimestamp')
  expect(await verdict({ ...toTime, t: Number(`${toTime.t}0`) })).toBe('InvalidTimestamp')
  expect(await verdict({ ...toTime, t: record.t })).toBe('InvalidData')
})

test("[R-13] a private namespace takes its owner's records only", async () => {
  const k = `:${alice.address}.profile`
  expect(await verdict(await plain({ k }))).toBe('Verified')
  expect(await verdict(await plain({ k }, mallory))).toBe('AddressMismatch')
  expect(await verdict(await bound({ key: k }, mallory))).toBe('AddressMismatch')
  expect(await verdict(await bound({ key: `:${alice.address}` }, mallory))).toBe('AddressMismatch')
  expect(await verdict(await bound({ key: `:${alice.address}x.y` }, alice))).toBe('AddressMismatch')
})

test('[R-14] an address is the one the user adapter knows as well-formed', async () => {
  const record = await bound()
  expect(await verdict(record, { isAddress: () => false })).toBe('InvalidData')
  expect(await verdict({ ...record, a: record.a.slice(0, -1) })).toBe('InvalidData')
})

test('[R-15] a record may be at most thirty seconds ahead of our clock, and any age', async () => {
  expect(await verdict(await bound({ time: NOW + 30_000 }))).toBe('Verified')
  expect(await verdict(await bound({ time: NOW + 30_001 }))).toBe('InvalidTimestamp')
  expect(await verdict(await bound({ time: 1_000_000_000_000 }))).toBe('Verified')
  expect(await verdict(await plain({ t: 9_999_999_999_999 }))).toBe('InvalidTimestamp')
})

test('[R-16] proof of work is leading zeros of the true hash', async () => {
  const worked = await bound({ pow: 2 })
  expect(worked.h.startsWith('00')).toBe(true)
  expect(await verdict(worked, { pow: 2 })).toBe('Verified')
  expect(await verdict(await bound(), { pow: 9 })).toBe('NoProofOfWork')
  const faked = { ...worked, h: `0000${worked.h.slice(4)}` }
  expect(await verdict({ ...faked, s: await alice.sign(faked.h) }, { pow: 4 })).toBe('InvalidHashNonce')
  for (const pow of [null, 0]) expect(await verdict(await bound(), { pow })).toBe('Verified')
})

test('[R-17] a bound record is refused anywhere but at its key, its type and its topic', async () => {
  const record = await bound({ type: null })
  expect(await verdict(record)).toBe('Verified')
  expect(await verdict({ ...record, k: 'other' })).toBe('InvalidBinding')
  expect(await verdict({ ...record, k: `:${alice.address}.key` })).toBe('InvalidBinding')
  expect(await verdict({ ...record, c: 'MAP' })).toBe('InvalidBinding')
  expect(await verdict(record, { topics: ['another'] })).toBe('InvalidBinding')
  const map = await bound({ type: 'MAP', value: writtenValue([]) })
  expect(await verdict(map)).toBe('Verified')
  expect(await verdict({ ...map, c: null })).toBe('InvalidBinding')
  expect(await verdict({ ...map, c: 'LIST' })).toBe('InvalidBinding')
})

test('[R-17] a binding cannot be split in another way', async () => {
  const record = await bound({ key: 'ab', type: 'C' })
  expect(await verdict({ ...record, k: 'a', c: 'bC' })).toBe('InvalidBinding')
  expect(await verdict({ ...record, k: 'abC', c: null })).toBe('InvalidBinding')
  expect(await verdict({ ...record, k: 'sab' }, { topics: [TOPIC.slice(0, -1)] })).toBe('InvalidBinding')
})

test('[R-18] bound records of earlier topics are taken where acceptTopics names them', async () => {
  const record = await bound({ topicPublicId: 'old name' })
  expect(await verdict(record)).toBe('InvalidBinding')
  expect(await verdict(record, { topics: [TOPIC, 'old name'] })).toBe('Verified')
})

test('[R-19] plain records move between the keys of their author, as in tool-db; strict refuses all of them', async () => {
  const record = await plain({ t: GOLDEN_TIME })
  expect(await verdict({ ...record, k: 'other' })).toBe('Verified')
  expect(await theirVerdict({ ...record, k: 'other' }, 0)).toBe('Verified')
  expect(await verdict(record, { records: 'strict' })).toBe('UnboundRecord')
  expect(await verdict(await bound(), { records: 'strict' })).toBe('Verified')
})

test('[R-20] a value that is not there is hashed as the word undefined, as tool-db does', async () => {
  const record = await plain({ v: undefined, t: GOLDEN_TIME })
  const received = JSON.parse(JSON.stringify(record))
  expect('v' in received).toBe(false)
  expect(await verdict(received)).toBe('Verified')
  expect(await theirVerdict(received, 0)).toBe('Verified')
  expect(await verdict({ ...received, v: 'undefined' })).toBe('InvalidHashNonce')
  expect(await verdict({ ...received, v: null })).toBe('InvalidHashNonce')
})

test('[R-10] a check says what it found: bound or plain, and the namespace', async () => {
  expect(checkRecord(await bound({ key: '==n' }), rules, NOW)).toEqual({
    ok: true,
    bound: true,
    valueText: '"value"',
    namespace: { kind: 'frozen', name: 'n' },
  })
  expect(checkRecord(await plain({}), rules, NOW)).toMatchObject({ bound: false, namespace: { kind: 'public' } })
})
