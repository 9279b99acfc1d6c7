import { networkInterfaces } from 'node:os'
import { expect, test } from 'vitest'
import { addressTowards, addressTowardsAny } from '../src/own-address.ts'

const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))

test('[C-24] towards loopback we are loopback', () => {
  expect(addressTowards('127.0.0.1')).toBe('127.0.0.1')
  expect(addressTowardsAny(['127.0.0.1:6881', 'localhost:6882'])).toBe('127.0.0.1')
})

test('[C-24] towards anybody else we are one of our own addresses, or there is no way', () => {
  for (const target of ['192.0.2.1', '10.0.0.1', '8.8.8.8', '2001:db8::1']) {
    const address = addressTowards(target)
    if (address !== undefined) expect(own).toContain(address)
  }
})

test('[C-24] of several targets one that is not on this machine decides', () => {
  const away = addressTowards('192.0.2.1')
  expect(addressTowardsAny(['127.0.0.1:1', '192.0.2.1:1'])).toBe(away ?? '127.0.0.1')
  // Without any target, and for a name: the way out.
  expect(addressTowardsAny([])).toBe(away)
  expect(addressTowardsAny(['bootstrap.example:6881'])).toBe(away)
})

test('[C-24] what can not be dialled has no way to it', () => {
  expect(addressTowards('255.255.255.255.1')).toBeUndefined()
  expect(addressTowards('nonsense')).toBeUndefined()
})
