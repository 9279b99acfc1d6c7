import { expect, test } from 'vitest'
import { formatEndpoint, formatIp, parseHostPort, parseIp, scopeOf } from '../src/index.ts'

const bytesOf = (text: string): Uint8Array => {
  const bytes = parseIp(text)
  if (bytes === undefined) throw new Error(`not an address: ${text}`)
  return bytes
}

test('[B-1] an address literal is read and written back in its canonical text (RFC 5952)', () => {
  const pairs = [
    ['1.2.3.4', '1.2.3.4'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:1:0:0:0:1', '2001:db8:0:1::1'],
    ['2001:0:0:1:0:0:1:1', '2001::1:0:0:1:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:4:5:6:7:8', '1:0:3:4:5:6:7:8'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
  ] as const
  for (const [text, canonical] of pairs) expect(formatIp(bytesOf(text)), text).toBe(canonical)
})

test('[B-1] what is not an address literal is refused', () => {
  const wrong = ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1.2.3.4 ', 'localhost', ':', ':::', '1::2::3']
  wrong.push(
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::1%lo',
    '1:2:3:4:5:6:7::8',
  )
  for (const text of wrong) expect(parseIp(text), text).toBeUndefined()
})

test('[B-2] an address tells which part of the world it belongs to (RFC 6890)', () => {
  const scopes = {
    loopback: ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1'],
    private: [
      '10.1.2.3',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.7.7',
      '100.64.0.1',
      'fd00::1',
      'fe80::1',
    ],
    martian: ['0.0.0.0', '0.1.2.3', '224.0.0.1', '255.255.255.255', '240.0.0.1', '::', 'ff02::1', '4000::1', '::2'],
    global: [
      '8.8.8.8',
      '172.32.0.1',
      '172.15.0.1',
      '100.63.0.1',
      '100.128.0.1',
      '45.11.7.1',
      '2a00:11::1',
      '::ffff:8.8.8.8',
    ],
  } as const
  for (const [scope, texts] of Object.entries(scopes)) {
    for (const text of texts) expect(scopeOf(bytesOf(text)), text).toBe(scope)
  }
})

test('[B-3] host:port is read with names, IPv4, and IPv6 in brackets, and written the same way', () => {
  for (const text of ['example.org:80', '1.2.3.4:65535', '[::1]:9000']) {
    const endpoint = parseHostPort(text)
    expect(endpoint && formatEndpoint(endpoint)).toBe(text)
  }
  for (const text of [
    '',
    'host',
    'host:',
    ':80',
    'host:0',
    'host:65536',
    '::1:80',
    'a b:80',
    'host:80x',
    '[::1]',
    'host:-1',
  ]) {
    expect(parseHostPort(text), text).toBeUndefined()
  }
})
