import { expect, test } from 'vitest'
import { checkSighting, endpointKey, type Sighting } from '../../src/core/place.ts'

function key(host: string, port = 9000, more: Partial<Sighting> = {}): string | undefined {
  const checked = checkSighting({ host, port, source: 'static', ...more })
  return checked.ok ? checked.value.key : undefined
}

function reason(host: string, more: Partial<Sighting> = {}): string | undefined {
  const checked = checkSighting({ host, port: 9000, source: 'dht', from: '5.6.7.8', ...more })
  return checked.ok ? undefined : checked.reason
}

test('[S-1] every spelling of an endpoint is one place', () => {
  expect(key('::ffff:45.1.2.3')).toBe('45.1.2.3:9000')
  expect(key('::FFFF:2d01:0203')).toBe('45.1.2.3:9000')
  expect(key('2001:DB8:0:0:0:0:0:1')).toBe('[2001:db8::1]:9000')
  expect(endpointKey({ host: '::ffff:45.1.2.3', port: 9000 })).toBe('45.1.2.3:9000')
  expect(endpointKey({ host: 'Example.ORG', port: 9000 })).toBe('example.org:9000')
  expect(checkSighting({ host: '::ffff:45.1.2.3', port: 1, source: 'dht' })).toMatchObject({
    ok: true,
    value: { host: '45.1.2.3', family: 'ipv4', prefix: '45.1.2.0/24', scope: 'global' },
  })
  expect(checkSighting({ host: '2001:db8:1:2::3', port: 1, source: 'dht' })).toMatchObject({
    ok: true,
    value: { family: 'ipv6', prefix: '2001:db8:1::/48' },
  })
})

test('[S-2] what is no address or no port never becomes a place, whoever tells of it', () => {
  for (const source of ['dht', 'static', 'lan', 'cache', 'pex'] as const) {
    for (const host of [
      '0.0.0.0',
      '0.1.2.3',
      '224.0.0.1',
      '255.255.255.255',
      '240.0.0.1',
      '::',
      'ff02::1',
      '::ffff:0.0.0.0',
    ]) {
      expect(reason(host, { source, from: '127.0.0.1' }), host).toBe('martian')
    }
    for (const host of [
      '',
      'example.org',
      '1.2.3',
      '1.2.3.4.5',
      '01.2.3.4',
      '1.2.3.256',
      ':::',
      'fe80::1%eth0',
      ' 1.2.3.4',
    ]) {
      expect(reason(host, { source }), host).toBe('malformed')
    }
    for (const port of [0, -1, 65_536, 1.5, Number.NaN, '9000' as unknown as number]) {
      expect(reason('45.1.2.3', { source, port }), String(port)).toBe('port')
    }
  }
  for (const host of [undefined, null, 7, {}, ['1.2.3.4']]) expect(reason(host as unknown as string)).toBe('malformed')
})

test('[S-3] strangers can not point us at internal addresses', () => {
  const internal = [
    '127.0.0.1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
  ]
  for (const host of internal) {
    for (const source of ['dht', 'pex'] as const) {
      expect(reason(host, { source }), host).toBe('scope')
      expect(reason(host, { source, from: 'nonsense' }), host).toBe('scope')
      expect(reason(host, { source, from: '::ffff:5.6.7.8' }), host).toBe('scope')
      const untold = checkSighting({ host, port: 9000, source })
      expect(untold).toEqual({ ok: false, reason: 'scope' })
      expect(reason(host, { source, from: '127.0.0.1' }), host).toBeUndefined()
    }
    for (const source of ['static', 'lan', 'cache'] as const) expect(reason(host, { source }), host).toBeUndefined()
  }
  expect(reason('10.0.0.1', { from: '10.9.9.9' })).toBeUndefined()
  expect(reason('127.0.0.1', { from: '10.9.9.9' })).toBe('scope')
  expect(reason('45.1.2.3', { from: '127.0.0.1' })).toBeUndefined()
})
