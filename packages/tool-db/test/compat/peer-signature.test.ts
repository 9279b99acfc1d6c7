import { expect, test } from 'vitest'
import { getPeerSignature, verifyPeer } from '../../src/compat/peer-signature.ts'
import { VerifyResult } from '../../src/compat/verify-result.ts'
import { ToolDbEcdsaUser } from '../../src/users/ecdsa-user.ts'
import { golden, TheirEcdsaUser, theirs } from '../records/golden.ts'

const host = { logger: () => undefined }
const userAccount = new ToolDbEcdsaUser(host)
await userAccount.anonUser()
const peer = golden.cases.find((one) => one.name === 'ping')?.message
  .peer as (typeof golden.cases)[number]['message']['peer']
const clock = { now: () => peer.timestamp }

test("[R-44] tool-db's golden endpoint passes, also through the published adapter", async () => {
  expect(await verifyPeer({ userAccount }, peer, clock)).toBe(VerifyResult.Verified)
  expect(await verifyPeer({ userAccount: new TheirEcdsaUser(host) }, peer, clock)).toBe(false)
  const ready = new TheirEcdsaUser(host)
  await ready.anonUser()
  expect(await verifyPeer({ userAccount: ready }, peer, clock)).toBe(VerifyResult.Verified)
})

test('[R-44] what we sign is what tool-db signs', async () => {
  const account = { signData: (text: string) => Promise.resolve(text) }
  const args = ['topic', peer.timestamp, 'example.org', 9000] as const
  expect(await getPeerSignature(account, ...args)).toBe(await theirs.getPeerSignature(account, ...args))
})

test('[R-44] a forged endpoint is false, where tool-db lets it pass as true', async () => {
  const forged = [
    { ...peer, host: '198.51.100.1' },
    { ...peer, sig: 'f'.repeat(128) },
    { ...peer, address: userAccount.getAddress() as string },
    { ...peer, port: 0 },
    {},
    null,
  ]
  for (const one of forged) expect(await verifyPeer({ userAccount }, one as never, clock)).toBe(false)
  expect(await verifyPeer({ userAccount }, peer, { now: () => peer.timestamp - 30_001 })).toBe(false)
})

test('[R-44] the verdicts have the names that tool-db gives them', () => {
  expect(VerifyResult).toEqual(theirs.VerifyResult)
})
