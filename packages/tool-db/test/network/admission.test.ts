import { expect, test } from 'vitest'
import { Admission } from '../../src/network/admission.ts'

test('[N-16] each /24 and each /64 has its own places, loopback as many as there are', () => {
  const admission = new Admission({ connectionsMax: 100, connectionsPerPrefixMax: 2 })
  expect(admission.enter('192.0.2.1')).toBeDefined()
  const leave = admission.enter('192.0.2.200')
  expect(admission.enter('192.0.2.7')).toBeUndefined()
  expect(admission.enter('192.0.3.7')).toBeDefined()
  expect(admission.enter('2001:db8:1:2::1')).toBeDefined()
  expect(admission.enter('2001:db8:1:2:ffff::1')).toBeDefined()
  expect(admission.enter('2001:db8:1:2::3')).toBeUndefined()
  expect(admission.enter('2001:db8:1:3::3')).toBeDefined()
  for (let i = 0; i < 10; i++) expect(admission.enter(i % 2 === 0 ? '127.0.0.1' : '::1')).toBeDefined()
  leave?.()
  leave?.()
  expect(admission.enter('192.0.2.7')).toBeDefined()
  expect(admission.enter('192.0.2.8')).toBeUndefined()
})

test('[N-16] the total is a bound for everybody', () => {
  const admission = new Admission({ connectionsMax: 2, connectionsPerPrefixMax: 10 })
  const leave = admission.enter('127.0.0.1')
  expect(admission.enter('192.0.2.1')).toBeDefined()
  expect(admission.enter('127.0.0.1')).toBeUndefined()
  leave?.()
  expect(admission.enter('127.0.0.1')).toBeDefined()
})
