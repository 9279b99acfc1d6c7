import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { TOKEN_SECRET_LIFETIME_MS, TokenIssuer } from '../../../src/core/storage/token-issuer.ts'

const ADDRESS = { bytes: Uint8Array.of(192, 0, 2, 1), length: 4 }

function issued(tokens: TokenIssuer, now: number): { bytes: Uint8Array; at: number; length: number } {
  const bytes = tokens.issue(now, ADDRESS.bytes, 4).slice()
  return { bytes, at: 0, length: bytes.length }
}

test('[D-14] a token works until its secret is two rotations old, ten minutes at most', () => {
  const tokens = new TokenIssuer(seededRandom(1), 0)
  const token = issued(tokens, 0)
  expect(tokens.isValid(0, ADDRESS, token)).toBe(true)
  expect(tokens.isValid(TOKEN_SECRET_LIFETIME_MS, ADDRESS, token)).toBe(true)
  expect(tokens.isValid(2 * TOKEN_SECRET_LIFETIME_MS - 1, ADDRESS, token)).toBe(true)
  expect(tokens.isValid(2 * TOKEN_SECRET_LIFETIME_MS, ADDRESS, token)).toBe(false)
})

test('[D-14] after a long silence an old token is refused too', () => {
  const tokens = new TokenIssuer(seededRandom(1), 0)
  const token = issued(tokens, 0)
  expect(tokens.isValid(600_001, ADDRESS, token)).toBe(false)
  expect(tokens.isValid(3_600_000, ADDRESS, token)).toBe(false)
})

test('[D-14] a token works for the address it was given to, and for no other', () => {
  const tokens = new TokenIssuer(seededRandom(1), 0)
  const token = issued(tokens, 0)
  expect(tokens.isValid(0, { bytes: Uint8Array.of(192, 0, 2, 2), length: 4 }, token)).toBe(false)
})

test('[D-14] a changed, cut or empty token is refused', () => {
  const tokens = new TokenIssuer(seededRandom(1), 0)
  const token = issued(tokens, 0)
  for (let i = 0; i < token.length; i++) {
    const bytes = token.bytes.slice()
    bytes[i] = (bytes[i] as number) ^ 1
    expect(tokens.isValid(0, ADDRESS, { ...token, bytes })).toBe(false)
  }
  expect(tokens.isValid(0, ADDRESS, { ...token, length: 7 })).toBe(false)
  expect(tokens.isValid(0, ADDRESS, { ...token, length: 0 })).toBe(false)
})

test('[D-14] two nodes give different tokens', () => {
  const one = new TokenIssuer(seededRandom(1), 0).issue(0, ADDRESS.bytes, 4)
  expect(new TokenIssuer(seededRandom(2), 0).issue(0, ADDRESS.bytes, 4)).not.toEqual(one)
})
