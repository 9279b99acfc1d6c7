import { bytesEqual, fromHex, utf8 } from '@shoal/base'
import { expect, test } from 'vitest'
import type { PreSharedKey } from '../../src/index.ts'
import { pair, random, shake } from './pair.ts'

test('[E-2] both sides end with one hash, and with keys that no other handshake has', () => {
  const both = shake(pair())
  const again = shake(pair())
  expect(both?.initiator.handshakeHash).toEqual(both?.responder.handshakeHash)
  expect(both?.initiator.handshakeHash).not.toEqual(again?.initiator.handshakeHash)
})

test('[E-2] payloads of the second and third message are not readable on the wire', () => {
  const seen: Uint8Array[] = []
  shake(pair(), (message) => {
    seen.push(message)
    return message
  })
  const shows = (message: Uint8Array, text: string): boolean => Buffer.from(message).includes(Buffer.from(utf8(text)))
  expect(seen.map((message, i) => shows(message, `payload ${i}`))).toEqual([true, false, false])
})

test('[E-3] one bit changed anywhere, or a message cut short or made longer, and there is no handshake', () => {
  const lengths: number[] = []
  shake(pair(), (message) => {
    lengths.push(message.length)
    return message
  })
  for (let index = 0; index < 3; index++) {
    const length = lengths[index] as number
    // Every byte of the second and third message; of the first, whose payload is in clear, it shows with the second.
    for (let at = 0; at < length; at += index === 0 ? 9 : 5) {
      const tampered = shake(pair(), (message, i) => {
        if (i !== index) return message
        const changed = message.slice()
        changed[at] = (changed[at] as number) ^ (1 << (at % 8))
        return changed
      })
      expect(tampered).toBeUndefined()
    }
    for (const change of [(m: Uint8Array) => m.subarray(0, -1), (m: Uint8Array) => Uint8Array.of(...m, 0)]) {
      expect(shake(pair(), (message, i) => (i === index ? change(message) : message))).toBeUndefined()
    }
    for (const short of [0, 1, 31, 32, 47, 48, 79, 80]) {
      if (short >= length - 1) continue
      expect(shake(pair(), (message, i) => (i === index ? message.subarray(0, short) : message))).toBeUndefined()
    }
  }
})

test('[E-3] a public key of small order is refused (RFC 7748 section 6.1)', () => {
  const smallOrder = [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    `ecff${'ff'.repeat(29)}7f`,
  ]
  for (const key of smallOrder) {
    const { responder } = pair()
    expect(responder.read(fromHex(key) as Uint8Array)).toBeDefined()
    expect(responder.write(new Uint8Array(0))).toBeUndefined()
  }
})

test('[E-3] a message of more than 65,535 bytes is not even looked at', () => {
  const { responder } = pair()
  expect(responder.read(random.bytes(65_536))).toBeUndefined()
})

test('[E-4] who does not know the prologue understands nothing, and is told nothing but the first answer', () => {
  const { initiator } = pair({ prologue: utf8('our topic') })
  const { responder } = pair({ prologue: utf8('another') })
  responder.read(initiator.write(new Uint8Array(0)) as Uint8Array)
  expect(initiator.read(responder.write(utf8('hello')) as Uint8Array)).toBeUndefined()
})

test('[E-4] with a pre-shared key at the front whoever does not know it can neither ask nor answer', () => {
  const keyed = (fill: number): { preSharedKeys: PreSharedKey[] } => ({
    preSharedKeys: [{ position: 0, key: new Uint8Array(32).fill(fill) }],
  })
  expect(shake(pair(keyed(1)))).toBeDefined()
  let messages = 0
  const counted = (message: Uint8Array): Uint8Array => {
    messages++
    return message
  }
  expect(shake(pair(keyed(1), keyed(2)), counted)).toBeUndefined()
  expect(shake(pair(keyed(1), {}))).toBeUndefined()
  expect(shake(pair({}, keyed(1)))).toBeUndefined()
  expect(messages).toBe(1)
})

test('[E-4] somebody in between who shakes hands with both sides ends with two hashes', () => {
  const left = shake(pair())
  const right = shake(pair())
  expect(left).toBeDefined()
  expect(bytesEqual(left?.initiator.handshakeHash as Uint8Array, right?.responder.handshakeHash as Uint8Array)).toBe(
    false,
  )
})
