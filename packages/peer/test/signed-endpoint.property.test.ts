import type { Hash } from '@shoal/base'
import { utf8Text } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { endpointDigest, isSignableHost, parseSignedEndpoint } from '../src/index.ts'

/** Shows the text that would be hashed. */
let seen = ''
const spy: Hash = (input) => {
  seen = utf8Text(input) ?? ''
  return new Uint8Array(32)
}
const joined = (topic: string, timestamp: number, host: string, port: number): string => {
  endpointDigest({ topic, timestamp, host, port }, spy)
  return seen
}

// Texts made of just the pieces that could be taken for each other.
const piece = fc.constantFrom('-', ':', '.', 'a', '1', '1795329614829', '-1795329614830-', '9999999999999', '::1')
const tricky = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(''))
const time = fc.constantFrom(1_795_329_614_829, 1_795_329_614_830, 9_999_999_999_999)

/** Every way in which a text can be read as topic, time, host and port that would be taken. */
function readings(text: string): string[] {
  const found: string[] = []
  for (let at = 1; at < text.length - 15; at++) {
    const match = /^-(\d{13})-(.*):(\d{1,5})$/s.exec(text.slice(at))
    if (match === null || Number(match[1]) < 1e12) continue
    const port = Number(match[3])
    if (String(port) !== match[3] || port < 1 || port > 65_535 || !isSignableHost(match[2])) continue
    found.push(JSON.stringify([text.slice(0, at), match[1], match[2], port]))
  }
  return found
}

test('[P-13] the signed text of an endpoint can be read in one way only', () => {
  fc.assert(
    fc.property(tricky, time, tricky, fc.constantFrom(1, 80, 9000), (topic, timestamp, host, port) => {
      fc.pre(isSignableHost(host))
      expect(readings(joined(topic, timestamp, host, port))).toEqual([
        JSON.stringify([topic, String(timestamp), host, port]),
      ])
    }),
    { numRuns: 3_000 },
  )
})

test('[P-12] parsing an endpoint never throws', () => {
  fc.assert(
    fc.property(
      fc.anything(),
      fc.dictionary(fc.constantFrom('topic', 'timestamp', 'host', 'port'), fc.anything()),
      (a, b) => {
        expect(parseSignedEndpoint(a).ok).toBe(false)
        expect(parseSignedEndpoint(b).ok).toBe(false)
      },
    ),
  )
})
