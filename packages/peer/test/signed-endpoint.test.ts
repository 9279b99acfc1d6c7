import type { Millis } from '@shoal/base'
import { expect, test } from 'vitest'
import {
  dialTarget,
  EcdsaVerifier,
  type EndpointCheck,
  endpointDigest,
  endpointFault,
  isSignableHost,
  KeyPair,
  parseSignedEndpoint,
  type SignedEndpoint,
  signEndpoint,
} from '../src/index.ts'
import { golden, goldenPing, sha256 } from './golden.ts'

const endpoint = goldenPing.peer
const check: EndpointCheck = {
  topic: endpoint.topic,
  now: endpoint.timestamp as Millis,
  verifier: new EcdsaVerifier(),
  sha256,
}

test("[P-10] tool-db's golden endpoint parses and verifies", async () => {
  expect(parseSignedEndpoint(endpoint)).toEqual({ ok: true, value: endpoint })
  expect(await endpointFault(endpoint, check)).toBeUndefined()
})

test('[P-10] what we sign has the fields that tool-db writes and verifies', async () => {
  const keys = await KeyPair.fromPrivateKey(golden.peer.pkcs8)
  const { topic, timestamp, host, port } = endpoint
  const signed = await signEndpoint({ topic, timestamp, host, port }, keys, sha256)
  expect(Object.keys(signed).sort()).toEqual(Object.keys(endpoint).sort())
  expect(signed.address).toBe(endpoint.address)
  expect(endpointDigest(signed, sha256)).toBe(endpointDigest(endpoint, sha256))
  expect(await endpointFault(signed, check)).toBeUndefined()
})

test('[P-11] a change in any signed field, another signer or another topic is a fault', async () => {
  const other = await KeyPair.generate()
  const forged: [Partial<SignedEndpoint>, string][] = [
    [{ host: '203.0.113.8' }, 'bad-signature'],
    [{ port: 9001 }, 'bad-signature'],
    [{ timestamp: endpoint.timestamp - 1 }, 'bad-signature'],
    [{ address: other.address }, 'bad-signature'],
    [{ sig: await other.sign('x') }, 'bad-signature'],
    [{ topic: 'other' }, 'other-topic'],
    [{ address: 'x'.repeat(86) }, 'not-an-address'],
  ]
  for (const [change, fault] of forged) expect(await endpointFault({ ...endpoint, ...change }, check)).toBe(fault)
})

test('[P-11] an endpoint may be at most thirty seconds ahead of our clock', async () => {
  const at = (ahead: number): Promise<unknown> =>
    endpointFault(endpoint, { ...check, now: (endpoint.timestamp - ahead) as Millis })
  expect(await at(30_000)).toBeUndefined()
  expect(await at(30_001)).toBe('from-the-future')
})

test('[P-12] malformed endpoints are rejections with a word, never a throw', () => {
  const wrong: [unknown, string][] = [
    [null, 'endpoint-shape'],
    [undefined, 'endpoint-shape'],
    ['x', 'endpoint-shape'],
    [[endpoint], 'endpoint-shape'],
    [{}, 'endpoint-topic'],
    [{ ...endpoint, topic: 7 }, 'endpoint-topic'],
    [{ ...endpoint, topic: 'x'.repeat(257) }, 'endpoint-topic'],
    ...[Number.NaN, -1, 1.5, 999_999_999_999, 1e13, '1795329614829', null, Number.POSITIVE_INFINITY].map(
      (timestamp): [unknown, string] => [{ ...endpoint, timestamp }, 'endpoint-time'],
    ),
    ...[0, -1, 65_536, 1.5, '9000', Number.NaN, undefined].map((port): [unknown, string] => [
      { ...endpoint, port },
      'endpoint-port',
    ]),
    [{ ...endpoint, address: 'a b'.repeat(20) }, 'endpoint-address'],
    [{ ...endpoint, address: 'a'.repeat(129) }, 'endpoint-address'],
    [{ ...endpoint, sig: 'z z' }, 'endpoint-signature'],
    [{ ...endpoint, sig: 'a'.repeat(9_999) }, 'endpoint-signature'],
    [JSON.parse(`{"__proto__":${JSON.stringify(endpoint)}}`), 'endpoint-topic'],
  ]
  for (const [input, reason] of wrong) expect(parseSignedEndpoint(input)).toEqual({ ok: false, reason })
})

test('[P-12] extra fields of an endpoint do not survive parsing', () => {
  const result = parseSignedEndpoint({ ...endpoint, extra: 'x'.repeat(10_000) })
  expect(result.ok && Object.keys(result.value)).not.toContain('extra')
})

test('[P-13] a host is a name or a literal address, and nothing a URL could be made of', () => {
  const good = [
    'example.org',
    'localhost',
    'a',
    'xn--bcher-kva.example',
    'my_host',
    '203.0.113.7',
    '::1',
    '[2a00::1]',
    '127.0.0.1',
  ]
  for (const host of good) expect(isSignableHost(host), host).toBe(true)
  const bad = [
    '',
    'a b',
    'a/b',
    'user@host',
    'host:80',
    '[::1',
    '::1]',
    '[1.2.3.4]',
    '[]',
    'a..b',
    '.a',
    'a.',
    '-a',
    'a-',
    'x#y',
  ]
  const numeric = [
    '1.2.3',
    '256.1.1.1',
    '127.1',
    '0x7f.1',
    'a.0x1',
    '2130706433',
    '01.2.3.4',
    'host.123',
    'fe80::1%eth0',
  ]
  const long = [`${'a'.repeat(64)}.org`, `${'a.'.repeat(127)}org`]
  for (const host of [...bad, ...numeric, ...long, 'ü.org', 'a\0', 7, null, {}]) {
    expect(isSignableHost(host), String(host)).toBe(false)
  }
})

test('[P-13] a host that could be read as the end of a topic and a time is refused', () => {
  expect(isSignableHost('b-1795329614830-evil.com')).toBe(false)
  expect(isSignableHost('1795329614830-evil.com')).toBe(false)
  expect(isSignableHost('b-179532961483-ok.com')).toBe(true)
  expect(isSignableHost('1795329614830.example')).toBe(true)
})

test('[P-14] the place to dial is without brackets and in canonical text', () => {
  const target = (host: string): string => dialTarget({ host, port: 1 }).host
  expect(target('[2A00:0::1]')).toBe('2a00::1')
  expect(target('0:0:0:0:0:0:0:1')).toBe('::1')
  expect(target('Example.ORG')).toBe('example.org')
  expect(target('203.0.113.7')).toBe('203.0.113.7')
})
