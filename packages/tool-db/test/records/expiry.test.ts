import { expect, test } from 'vitest'
import { bindingIn, expiryOf, isNonce } from '../../src/core/records/nonce.ts'
import { writtenValue } from '../../src/core/records/write.ts'
import { bound, GOLDEN_TIME, NOW, theirVerdict, verdict } from './golden.ts'

const EXPIRY = NOW + 60_000

test('[R-46] npm tool-db verifies a record that says when it ends, with and without proof of work', async () => {
  for (const pow of [null, 1]) {
    const record = await bound({ time: GOLDEN_TIME, pow, value: writtenValue({ a: 1 }), expiry: EXPIRY })
    expect(record.n).toMatch(new RegExp(`^2\\.\\d+\\.[0-9a-f]{64}\\.${EXPIRY}$`))
    expect(expiryOf(record.n)).toBe(EXPIRY)
    expect(await theirVerdict(JSON.parse(JSON.stringify(record)), pow)).toBe('Verified')
    expect(await verdict(record, { pow, records: 'strict' })).toBe('Verified')
  }
})

test('[R-46] nobody can lengthen, shorten, add or take away the end of another’s record', async () => {
  const ending = await bound({ time: GOLDEN_TIME, expiry: EXPIRY })
  const lasting = await bound({ time: GOLDEN_TIME })
  const nonces = [`${ending.n}`.replace(`${EXPIRY}`, `${EXPIRY + 1}`), `${ending.n}`.replace(`.${EXPIRY}`, '')]
  for (const n of nonces) expect(await verdict({ ...ending, n }), n).toBe('InvalidHashNonce')
  expect(await verdict({ ...lasting, n: `${lasting.n}.${EXPIRY}` })).toBe('InvalidHashNonce')
})

test('[R-46] an end has 13 digits, nothing else is one', async () => {
  const { n } = await bound({ time: GOLDEN_TIME })
  for (const end of ['', '0', '123456789012', '12345678901234', '0123456789012', '-123456789012', '1.7953296147e1']) {
    expect(isNonce(`${n}.${end}`), end).toBe(false)
  }
  expect([isNonce(n), isNonce(`${n}.${EXPIRY}`)]).toEqual([true, true])
  expect(expiryOf(`${n}.${EXPIRY}`)).toBe(EXPIRY)
  expect(bindingIn(`${n}.${EXPIRY}`)).toBe(bindingIn(`${n}`))
  expect([expiryOf(n), expiryOf(7), expiryOf(1_795_329_614_770)]).toEqual([undefined, undefined, undefined])
})

test('[R-47] a record whose end has come is Expired, from that millisecond on', async () => {
  for (const [expiry, word] of [
    [NOW + 1, 'Verified'],
    [NOW, 'Expired'],
    [NOW - 1, 'Expired'],
  ] as const) {
    expect(await verdict(await bound({ time: NOW - 1_000, expiry }))).toBe(word)
  }
})

test('[R-48] only an ordinary value ends, behind its time: no name, no deletion, nothing of a CRDT', async () => {
  const time = NOW
  expect(await verdict(await bound({ time, expiry: time + 1 }))).toBe('Verified')
  expect(await verdict(await bound({ time: time + 5_000, expiry: time + 5_000 }))).toBe('InvalidData')
  expect(await verdict(await bound({ time, expiry: EXPIRY, key: '==name' }))).toBe('InvalidData')
  expect(await verdict(await bound({ time, expiry: EXPIRY, type: 'MAP' }))).toBe('InvalidData')
  const deletion = { time, expiry: EXPIRY, type: 'DEL', value: writtenValue(null) }
  expect(await verdict(await bound(deletion))).toBe('InvalidData')
})
