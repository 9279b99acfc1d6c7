import { expect, test } from 'vitest'
import { judgeReach, type ReachFacts } from '../src/reach.ts'

const BEHIND_NAT: ReachFacts = {
  isGiven: false,
  isPrivateNetwork: false,
  hasPublicAddress: false,
  mapping: { kind: 'asking' },
  dialBack: undefined,
  isSettled: true,
}
const FAILED = { kind: 'failed', reason: 'no router' } as const

test.each<[string, Partial<ReachFacts>, object]>([
  ['a host that was given', { isGiven: true, mapping: FAILED, dialBack: 'not-reached' }, { by: 'host' }],
  ['a private network', { isPrivateNetwork: true, mapping: { kind: 'off' } }, { by: 'private network' }],
  ['a public address', { hasPublicAddress: true, mapping: { kind: 'off' } }, { by: 'address' }],
  ['a mapped port', { mapping: { kind: 'mapped' } }, { by: 'mapping' }],
  ['a port forwarded by hand, once dialled', { mapping: FAILED, dialBack: 'reached' }, { by: 'dial back' }],
])('[S-104] %s is announced', (_name, facts, expected) => {
  expect(judgeReach({ ...BEHIND_NAT, ...facts })).toEqual({ kind: 'reachable', ...expected })
})

test('[S-104] nothing is announced while the router is being asked, nor after it failed, nor against a witness', () => {
  expect(judgeReach(BEHIND_NAT)).toEqual({ kind: 'unknown' })
  expect(judgeReach({ ...BEHIND_NAT, hasPublicAddress: true, isSettled: false })).toEqual({ kind: 'unknown' })
  expect(judgeReach({ ...BEHIND_NAT, mapping: FAILED })).toEqual({ kind: 'unreachable', reason: 'no router' })
  expect(judgeReach({ ...BEHIND_NAT, mapping: { kind: 'off' } })).toMatchObject({
    reason: expect.stringMatching(/--host/),
  })
  for (const facts of [
    { hasPublicAddress: true, mapping: { kind: 'off' } as const },
    { mapping: { kind: 'mapped' } as const },
  ]) {
    expect(judgeReach({ ...BEHIND_NAT, ...facts, dialBack: 'not-reached' })).toMatchObject({
      kind: 'unreachable',
      reason: expect.stringMatching(/firewall/),
    })
  }
})
