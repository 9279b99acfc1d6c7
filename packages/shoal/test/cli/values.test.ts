import { describe, expect, test } from 'vitest'
import { CommandError, EXIT } from '../../src/cli/exit.ts'
import {
  collectEndpoints,
  parseBindAddress,
  parseBootstrap,
  parseChoice,
  parseCount,
  parseEndpoint,
  parseInfoHash,
  parseJsonValue,
  parseKey,
  parseListenPort,
  parsePublicHost,
  parseRemotePort,
  parseShare,
  parseTimeout,
  parseTopic,
} from '../../src/cli/values.ts'

/** Every mistake is a usage mistake, said in one line that holds `hint`. */
function expectMistake(make: () => unknown, hint: string): void {
  let thrown: unknown
  try {
    make()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(CommandError)
  const { message, exitCode } = thrown as CommandError
  expect(exitCode).toBe(EXIT.usage)
  expect(message).toContain(hint)
  expect(message).not.toContain('\n')
  expect(message.length).toBeLessThan(300)
}

test('[C-81] a share of a core is a number from 0 to 1', () => {
  expect(['0', '0.02', '.5', '1'].map(parseShare('--scrub'))).toEqual([0, 0.02, 0.5, 1])
  for (const text of ['', '2', '1.5', '-0.1', '2%', '1e-2', 'none']) {
    expectMistake(() => parseShare('--scrub')(text), 'is not a share: give 0 to 1')
  }
})

describe('topics', () => {
  test('[C-10] a topic is any text of 1 to 256 bytes', () => {
    expect(parseTopic('myswarmtopic')).toMatchObject({ kind: 'plain', name: 'myswarmtopic' })
    expect(parseTopic('ü'.repeat(128)).publicId).toBe('ü'.repeat(128))
  })

  test.each([
    [undefined, '--topic'],
    ['', 'empty'],
    ['x'.repeat(257), '256'],
    ['ü'.repeat(129), '256'],
    ['shoal:private:abc', 'shoal:'],
  ])('[C-10] %s is refused', (text, hint) => {
    expectMistake(() => parseTopic(text), hint)
  })
})

describe('ports', () => {
  test('[C-11] a port to listen on may be 0, a port to reach may not', () => {
    expect(parseListenPort('--port')('0')).toBe(0)
    expect(parseListenPort('--port')('65535')).toBe(65_535)
    expect(parseRemotePort('--port')('1')).toBe(1)
    expectMistake(() => parseRemotePort('--port')('0'), '--port')
  })

  test.each(['-1', '65536', '1.5', '0x10', '', ' 1', '1e3', 'http', '99999999999999999999'])(
    '[C-11] "%s" is no port',
    (text) => {
      expectMistake(() => parseListenPort('--port')(text), '--port')
      expectMistake(() => parseRemotePort('--dht-port')(text), '--dht-port')
    },
  )
})

describe('addresses', () => {
  test('[C-12] HOST:PORT takes names, IPv4 and bracketed IPv6', () => {
    expect(parseEndpoint('--peer')('localhost:9000')).toEqual({ host: 'localhost', port: 9_000 })
    expect(parseEndpoint('--peer')('[::1]:9000')).toEqual({ host: '::1', port: 9_000 })
    expect(collectEndpoints('--peer')('b:2', [{ host: 'a', port: 1 }])).toHaveLength(2)
  })

  test.each(['localhost', 'localhost:', ':9000', 'a:0', 'a:70000', '::1:9000', 'a b:1', ''])(
    '[C-12] "%s" is no HOST:PORT',
    (text) => {
      expectMistake(() => parseEndpoint('--peer')(text), '--peer')
    },
  )

  test('[C-12] --bootstrap takes a list, or none', () => {
    expect(parseBootstrap('none')).toEqual([])
    expect(parseBootstrap('127.0.0.1:1, example.org:2,[::1]:3,')).toEqual(['127.0.0.1:1', 'example.org:2', '[::1]:3'])
    expectMistake(() => parseBootstrap('127.0.0.1:1,nowhere'), '--bootstrap')
    expectMistake(() => parseBootstrap(''), '--bootstrap')
  })

  test('[C-12] --bind takes an address of this machine, --host what others can dial', () => {
    expect(parseBindAddress('127.0.0.1')).toBe('127.0.0.1')
    expectMistake(() => parseBindAddress('localhost'), '--bind')
    for (const host of ['localhost', '127.0.0.1', '2001:db8::1', 'a.example.org', 'my_host.local.']) {
      expect(parsePublicHost(host)).toBe(host)
    }
    for (const host of ['', 'a b', 'http://a', 'a:9000', '-a', 'a..b', '[::1]', `${'a'.repeat(254)}`]) {
      expectMistake(() => parsePublicHost(host), '--host')
    }
  })
})

describe('other values', () => {
  test('[C-13] a JSON value is parsed, a malformed one is a usage mistake with a hint', () => {
    expect(parseJsonValue('{"a":[1,null]}')).toEqual({ a: [1, null] })
    expectMistake(() => parseJsonValue('hello'), `'"hello"'`)
    expectMistake(() => parseJsonValue('{"a":'), 'quotes and brackets')
    expectMistake(() => parseJsonValue(''), 'JSON')
    expectMistake(() => parseJsonValue(`{${'x'.repeat(100_000)}`), 'JSON')
  })

  test('[C-14] a key is a text of 1 to 1,024 bytes', () => {
    expect(parseKey('==hello')).toBe('==hello')
    expectMistake(() => parseKey(''), 'empty')
    expectMistake(() => parseKey('k'.repeat(1_025)), '1024')
  })

  test('[C-15] an info hash is 40 hex digits', () => {
    expect(parseInfoHash('0123456789abcdefABCDEF0123456789abcdef01')).toHaveLength(20)
    for (const text of ['', '01', 'g'.repeat(40), '0'.repeat(41)]) expectMistake(() => parseInfoHash(text), '40 hex')
  })

  test('[C-16] counts, times and choices outside their range are named', () => {
    expect(parseCount('--count', 10)('10')).toBe(10)
    expectMistake(() => parseCount('--count', 10)('0'), '1 to 10')
    expectMistake(() => parseCount('--count', 10)('11'), '1 to 10')
    expect(parseTimeout('10000')).toBe(10_000)
    expectMistake(() => parseTimeout('soon'), '--timeout')
    expect(parseChoice('--mode', ['auto', 'server'])('auto')).toBe('auto')
    expectMistake(() => parseChoice('--mode', ['auto', 'server'])('fast'), 'auto, server')
  })
})
