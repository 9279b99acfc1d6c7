/** What `shoal doctor` makes of what it measured. */

import { MappingRefusedError, NoGatewayError } from '@shoal/discovery'
import { expect, test } from 'vitest'
import { type BootstrapTrial, judgeAddresses, judgeNames, judgeUdp } from '../../../src/cli/doctor/bootstrap.ts'
import type { Check } from '../../../src/cli/doctor/check.ts'
import { judgeClock, readTransmitTime } from '../../../src/cli/doctor/clock.ts'
import { judgeDialBack } from '../../../src/cli/doctor/dial-back.ts'
import { judgeExternalAddress } from '../../../src/cli/doctor/external-address.ts'
import { judgeFileLimits } from '../../../src/cli/doctor/file-limits.ts'
import { judgeFirewall } from '../../../src/cli/doctor/firewall.ts'
import { judgeLan } from '../../../src/cli/doctor/lan.ts'
import { judgeMapping } from '../../../src/cli/doctor/mapping.ts'

const NOW = Date.UTC(2026, 5, 1)

function trial(given: string, addresses: readonly string[], answered: readonly string[] = []): BootstrapTrial {
  return { given, isName: !/^[\d.[]/.test(given), addresses, answered }
}

function expectFailed(check: Check, detail: RegExp, fix: RegExp): void {
  expect(check).toMatchObject({ ok: false, detail: expect.stringMatching(detail), fix: expect.stringMatching(fix) })
}

test('[C-77] a clock that is half a minute off, or before the program was written, is told with how to set it', () => {
  expect(judgeClock(NOW, 120)).toMatchObject({ ok: true, fix: null })
  expect(judgeClock(NOW, -29_000)).toMatchObject({ ok: true })
  expectFailed(judgeClock(NOW, 31_000), /31 s ahead/, /timedatectl/)
  expectFailed(judgeClock(NOW, -90_000), /90 s behind/, /timedatectl/)
  expectFailed(judgeClock(0, undefined), /1970/, /timedatectl/)
  expect(judgeClock(NOW, undefined)).toMatchObject({ ok: null })
})

test('[C-77] only a whole answer of a time server that knows the time counts', () => {
  const packet = Buffer.alloc(48)
  packet[0] = 0x24
  packet[1] = 2
  packet.writeUInt32BE(2_208_988_800 + 1_000, 40)
  packet.writeUInt32BE(2 ** 31, 44)
  expect(readTransmitTime(packet)).toBe(1_000_500)
  expect(readTransmitTime(packet.subarray(0, 47))).toBeUndefined()
  for (const stratum of [0, 16]) {
    packet[1] = stratum
    expect(readTransmitTime(packet)).toBeUndefined()
  }
  packet[1] = 2
  packet[0] = 0x23
  expect(readTransmitTime(packet)).toBeUndefined()
})

test('[C-77] a limit of open files below what a full server needs is told with how to raise it', () => {
  const line = (limit: string): string => `Max open files            ${limit}                ${limit}   files\n`
  expect(judgeFileLimits(line('1048576'))).toMatchObject({ ok: true })
  expect(judgeFileLimits(line('unlimited'))).toMatchObject({ ok: true })
  expectFailed(judgeFileLimits(line('1024')), /1024/, /LimitNOFILE/)
  expect(judgeFileLimits(undefined)).toMatchObject({ ok: null })
})

test('[C-76] names that are dead, poisoned, or lead to nobody are told apart', () => {
  const good = trial('a.example:6881', ['45.11.7.1'], ['45.11.7.1'])
  const dead = trial('b.example:6881', [])
  const poisoned = trial('c.example:6881', ['127.0.0.1'])
  const silent = trial('d.example:6881', ['45.12.7.1'])
  expect(judgeNames([good, dead], true)).toMatchObject({ ok: true })
  expectFailed(judgeNames([dead], true), /none of the 1 names/, /resolver/)
  expectFailed(judgeNames([dead, poisoned], true), /c\.example:6881 resolves to 127\.0\.0\.1.*falsely/, /--bootstrap/)
  expectFailed(judgeNames([silent], true), /no node behind/, /--peer/)
  expect(judgeNames([trial('45.11.7.1:6881', ['45.11.7.1'])], true)).toMatchObject({ ok: null })
  // On a private network a private address is nothing unusual.
  expectFailed(judgeNames([poisoned], false), /no node behind/, /--bootstrap/)
})

test('[C-76] addresses: one that answers is enough, none is told, and nothing to ask is no failure', () => {
  expect(
    judgeAddresses([trial('45.11.7.1:1', ['45.11.7.1'], ['45.11.7.1']), trial('45.12.7.1:1', ['45.12.7.1'])]),
  ).toMatchObject({
    ok: true,
    detail: '1 of 2 addresses answer',
  })
  expectFailed(judgeAddresses([trial('45.11.7.1:1', ['45.11.7.1'])]), /45\.11\.7\.1:1 does not answer/, /--bootstrap/)
  expect(judgeAddresses([trial('b.example:1', [])])).toMatchObject({ ok: null })
  expect(judgeUdp([], 1)).toMatchObject({ ok: true })
  expect(judgeUdp([trial('b.example:1', [])], 0)).toMatchObject({ ok: null })
  expectFailed(judgeUdp([trial('45.11.7.1:1', ['45.11.7.1'])], 0), /nobody answered/, /UDP out/)
})

test('[C-76] the external address: of this machine, of a NAT, not agreed on, or none to have', () => {
  const seen = { contacts: 5, isPrivateNetwork: false, own: ['192.168.1.2', 'fe80::1'] }
  const external = { host: '45.201.7.1', port: 1 }
  expect(judgeExternalAddress({ ...seen, family: 'ipv4', external })).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/NAT/),
  })
  expect(judgeExternalAddress({ ...seen, family: 'ipv4', external, own: ['45.201.7.1'] }).detail).toMatch(
    /of this machine/,
  )
  expectFailed(judgeExternalAddress({ ...seen, family: 'ipv4', external: undefined }), /5 nodes/, /--host/)
  expect(judgeExternalAddress({ ...seen, family: 'ipv4', external: undefined, contacts: 0 })).toMatchObject({
    ok: null,
  })
  expect(judgeExternalAddress({ ...seen, family: 'ipv6', external: undefined })).toMatchObject({ ok: null })
  expect(judgeExternalAddress({ ...seen, family: 'ipv4', external: undefined, isPrivateNetwork: true })).toMatchObject({
    ok: null,
  })
})

test('[C-77] a firewall that drops by default needs a rule for the port', () => {
  const dropping = '-P INPUT DROP\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n'
  expect(judgeFirewall('-P INPUT ACCEPT\n', 9_000)).toMatchObject({ ok: true })
  expect(judgeFirewall(undefined, 9_000)).toMatchObject({ ok: null })
  expectFailed(judgeFirewall(dropping, 9_000), /port 9000 has no rule/, /ufw allow 9000\/tcp/)
  expect(judgeFirewall(dropping, 22)).toMatchObject({ ok: true })
  expectFailed(judgeFirewall('type filter hook input priority filter; policy drop;', 9_000), /drops/, /nftables/)
  expect(judgeFirewall('hook input priority 0; policy drop;\ntcp dport { 80, 9000 } accept', 9_000)).toMatchObject({
    ok: true,
  })
})

test('[C-77] multicast that works on one interface is enough; on none it is told', () => {
  expect(
    judgeLan([
      { interface: 'eth0', heard: true },
      { interface: 'eth1', heard: false },
    ]),
  ).toMatchObject({
    ok: true,
    detail: 'multicast works on eth0',
  })
  expectFailed(judgeLan([{ interface: 'eth0', heard: false }]), /eth0/, /224\.0\.0\.251/)
  expect(judgeLan([])).toMatchObject({ ok: null })
})

test('[C-78] a router that opens ports, one that refuses, and none are told apart', () => {
  const mapped = { externalHost: '45.201.7.1', by: 'upnp', gateway: '192.168.1.1' } as const
  expect(judgeMapping(mapped)).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/192\.168\.1\.1.*45\.201\.7\.1/),
  })
  expectFailed(judgeMapping(new NoGatewayError()), /no router/, /UPnP.*--host/)
  expectFailed(judgeMapping(new MappingRefusedError('the router refuses')), /refuses/, /--host/)
})

test('[C-104] a dial back: what an answer means depends on whether the router opens ports for who asks', () => {
  const trial = { port: 9_000, asked: 1, mapsPorts: false }
  expect(judgeDialBack({ ...trial, answer: 'reached' })).toMatchObject({ ok: true, fix: null })
  expect(judgeDialBack({ ...trial, answer: 'not-reached' })).toMatchObject({
    ok: false,
    fix: expect.stringMatching(/open TCP port 9000/),
  })
  expect(judgeDialBack({ ...trial, answer: 'not-reached', mapsPorts: true })).toMatchObject({
    ok: null,
    detail: expect.stringMatching(/serve does/),
  })
  expect(judgeDialBack({ ...trial, answer: undefined })).toMatchObject({ ok: null })
  expect(judgeDialBack({ ...trial, asked: 0, answer: undefined })).toMatchObject({
    ok: null,
    detail: expect.stringMatching(/nobody|no server/),
  })
})
