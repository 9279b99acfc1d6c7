import type { Endpoint } from '@shoal/base'
import { expect, test } from 'vitest'
import { addressOf, type NodeAddress } from '../../../src/core/id/address.ts'
import { AddressVotes } from '../../../src/core/routing/address-votes.ts'

function at(host: string, port = 6_881): NodeAddress {
  const address = addressOf({ host, port }, 'ipv4')
  if (address === undefined) throw new Error('bad endpoint')
  return address
}

const OURS: Endpoint = { host: '45.1.1.1', port: 7_000 }
const ours = at(OURS.host, OURS.port).key

test('[D-70] on Mainline three prefixes must agree, and one has one vote', () => {
  const votes = new AddressVotes('mainline')
  for (let port = 1; port < 20; port++) votes.vote(at('45.2.0.1', port), ours)
  for (let i = 1; i < 255; i++) votes.vote(at(`45.2.0.${i}`), ours)
  votes.vote(at('45.2.1.2'), ours)
  expect(votes.elected).toBeUndefined()
  votes.vote(at('45.2.2.3'), ours)
  expect(votes.elected).toEqual(OURS)
})

test('[D-70] liars in the minority change nothing; a real change is followed', () => {
  const votes = new AddressVotes('mainline')
  for (let i = 0; i < 6; i++) votes.vote(at(`45.2.${i}.1`), ours)
  for (let i = 0; i < 5; i++) votes.vote(at(`45.3.${i}.1`), at('45.6.6.6').key)
  expect(votes.elected).toEqual(OURS)
  for (let i = 0; i < 32; i++) votes.vote(at(`45.2.${i}.1`), at('45.7.7.7', 7_000).key)
  expect(votes.elected).toEqual({ host: '45.7.7.7', port: 7_000 })
})

test('[D-70] behind a NAT that gives each node another port, the host still wins', () => {
  const votes = new AddressVotes('mainline')
  for (let i = 0; i < 5; i++) votes.vote(at(`45.2.${i}.1`), at('45.1.1.1', 1_000 + i).key)
  expect(votes.elected?.host).toBe('45.1.1.1')
})

test('[D-70] nobody can vote us to a private address, to loopback or nowhere on Mainline', () => {
  const votes = new AddressVotes('mainline')
  for (const host of ['10.0.0.1', '127.0.0.1', '192.168.1.1', '224.0.0.1', '255.255.255.255']) {
    for (let i = 0; i < 9; i++) votes.vote(at(`45.2.${i}.1`), at(host).key)
  }
  for (let i = 0; i < 9; i++) votes.vote(at(`45.2.${i}.1`), `${ours.slice(0, 4)}\0\0`)
  expect(votes.elected).toBeUndefined()
})

test('[D-70] on a private network one answer is enough', () => {
  const votes = new AddressVotes('private')
  votes.vote(at('127.0.0.1', 1), at('127.0.0.1', 7_000).key)
  expect(votes.elected).toEqual({ host: '127.0.0.1', port: 7_000 })
})
