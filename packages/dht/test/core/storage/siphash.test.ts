import { toHex } from '@shoal/base'
import { expect, test } from 'vitest'
import { sipHash, sipKey } from '../../../src/core/storage/siphash.ts'

const KEY = sipKey(Uint8Array.from({ length: 16 }, (_, i) => i))

/** From the authors' reference code: the hashes of the first n bytes of 00 01 02 … under the key 00 01 … 0f. */
test.each([
  [0, '310e0edd47db6f72'],
  [1, 'fd67dc93c539f874'],
  [4, 'b7877127e09427cf'],
  [7, '37d1018bf50002ab'],
  [8, '6224939a79f5f593'],
  [15, 'e545be4961ca29a1'],
])('[D-14] SipHash-2-4 of %i bytes', (length, expected) => {
  const out = new Uint8Array(8)
  sipHash(
    KEY,
    Uint8Array.from({ length: 16 }, (_, i) => i),
    length,
    out,
  )
  expect(toHex(out)).toBe(expected)
})
