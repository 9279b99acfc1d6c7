/** A swarm whose users and peers have Ethereum keys, over real sockets. */

import { expect, test } from 'vitest'
import ToolDbEthereumUser from '../../src/users/ethereum.ts'
import { connected, placeOf, server, started, temporaryDirectory, until } from './world.ts'

const userAdapter = ToolDbEthereumUser

test('[U-15] Ethereum users sign up and in, write in their namespaces, and their peers prove themselves', async () => {
  const storageName = await temporaryDirectory()
  const a = await server({ userAdapter, storageName, store: undefined })
  const b = await server({ userAdapter, peers: [placeOf(a)] })
  const one = await started({ userAdapter, peers: [placeOf(a)] })
  const two = await started({ userAdapter, peers: [placeOf(b)] })
  await Promise.all([connected(b), connected(one, 2), connected(two, 2)])
  expect(one.peers.every(({ proven }) => proven)).toBe(true)
  const { data } = await one.signUp('alice', 'correct horse')
  expect(data.a).toMatch(/^0x[0-9a-fA-F]{40}$/)
  await until(async () => (await b.getData('==alice')) !== null)
  await expect(two.signIn('alice', 'wrong')).rejects.toMatchObject({ code: 'SHOAL_WRONG_PASSWORD' })
  await two.signIn('alice', 'correct horse')
  expect(two.userAccount.getAddress()).toBe(data.a)
  await two.putData('mine', 1, true, { confirm: 2 })
  expect(await a.getData(`:${data.a}.mine`)).toBe(1)
  await expect(one.putDetailed(`:${data.a}.mine`, 'stolen')).rejects.toMatchObject({ reason: 'AddressMismatch' })
  // The server is the same peer when it comes back.
  const peer = a.peerAccount.getAddress()
  await a.close()
  const again = await server({ userAdapter, storageName, store: undefined })
  expect(again.peerAccount.getAddress()).toBe(peer)
})

for (const [kind, options] of [
  ['ECDSA', {}],
  ['Ethereum', { userAdapter }],
] as const) {
  test(`[U-8] an ${kind} user’s private key, exported, signs in elsewhere as the same user`, async () => {
    const [one, two] = [await started(options), await started(options)]
    const key = await one.userAccount.exportPrivateKey?.()
    await two.keysSignIn(key as string, 'ada')
    expect(two.userAccount.getAddress()).toBe(one.userAccount.getAddress())
    expect(two.userAccount.getUsername()).toBe('ada')
    const { data } = await two.putData('mine', 1, true)
    expect(await one.verifyMessage(data)).toBe('Verified')
  })
}

test('[U-16] peers of the other kind are turned away, and everybody else is served meanwhile', async () => {
  const ethereum = await server({ userAdapter })
  const ecdsa = await server()
  const strangers = [
    await started({ peers: [placeOf(ethereum)] }),
    await started({ userAdapter, peers: [placeOf(ecdsa)] }),
  ]
  for (const [a, kind] of [
    [ethereum, { userAdapter }],
    [ecdsa, {}],
  ] as const) {
    const client = await started({ ...kind, peers: [placeOf(a)] })
    await connected(client)
    await client.putData('k', 1, false, { confirm: 1 })
    await until(() => Object.entries(a.stats()).some(([name, count]) => name.startsWith('handshake.') && count > 0))
  }
  for (const stranger of strangers) expect(stranger.isConnected).toBe(false)
})
