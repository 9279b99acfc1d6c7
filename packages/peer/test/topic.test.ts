import { inspect } from 'node:util'
import { HOUR, seededRandom, toHex, UsageError } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import {
  infoHashesAt,
  newPrivateTopic,
  ownedTopic,
  parseTopic,
  privateTopic,
  requireTopic,
  TOPIC_BYTES_MAX,
} from '../src/index.ts'

const OWNER = '0b'.repeat(32)
const SECRET = 'Zm9ydHktdHdvLWNhdHMtYXQtc2Vh'

test('[P-1] a plain topic is an opaque name and its own public id', () => {
  for (const name of [
    'myswarmtopic',
    'a',
    'chat-1795329614829-x',
    'shoals',
    'shoal',
    'my:shoal:x',
    'ünï 日本 🐟',
    ' ',
  ]) {
    expect(parseTopic(name)).toEqual({ kind: 'plain', name, publicId: name })
    expect(requireTopic(name).publicId).toBe(name)
  }
})

test('[P-2] a topic that is empty, too long, no text or half a surrogate pair is refused with a sentence', () => {
  const long = 'x'.repeat(TOPIC_BYTES_MAX)
  expect(parseTopic(long).kind).toBe('plain')
  for (const wrong of ['', `${long}x`, '🐟'.repeat(65), '\ud800', 'a\udc00', 7, null, undefined, {}, ['t']]) {
    const topic = parseTopic(wrong)
    expect(topic.kind, String(wrong)).toBe('refused')
    expect(topic.kind === 'refused' && topic.reason.length).toBeGreaterThan(20)
    expect(() => requireTopic(wrong)).toThrow(UsageError)
  }
  expect(() => requireTopic('')).toThrow('the topic is empty')
  expect(() => requireTopic(`${long}x`)).toThrow('has 257 bytes')
})

test('[P-3] what begins with shoal: is never a plain topic, and a refusal does not repeat it', () => {
  const secret = 'c0ffee5ec4e7'
  const kinds = [
    'shoal:private:',
    'shoal:owned:',
    'shoal:tag:',
    'shoal:',
    'shoal:x:',
    ' shoal:private:',
    'SHOAL:private:',
    '\tShoal :',
    `shoal:owned:${OWNER}:shoal:private:`,
    `shoal:owned:${OWNER.toUpperCase()}:`,
    `shoal:owned:${OWNER}`,
  ]
  for (const kind of kinds) {
    const topic = parseTopic(kind + secret)
    expect(topic.kind, kind).toBe('refused')
    expect(topic.kind === 'refused' && topic.reason).not.toContain(secret)
  }
})

test('[P-20] a topic with an owner is written shoal:owned:KEY:NAME, and that is its public id', () => {
  for (const name of ['chat', 'a', 'a:b', 'ünï 🐟', 'x'.repeat(179)]) {
    const text = `shoal:owned:${OWNER}:${name}`
    const topic = parseTopic(text)
    expect(topic).toEqual({ kind: 'owned', name, owner: OWNER, publicId: text })
    expect(ownedTopic(name, OWNER)).toEqual(topic)
    expect(ownedTopic(name, OWNER.toUpperCase())).toEqual(topic)
    expect(ownedTopic(name, new Uint8Array(32).fill(11))).toEqual(topic)
  }
  for (const rest of [
    '',
    `${OWNER}:`,
    `${OWNER.slice(2)}:chat`,
    `${OWNER}0:chat`,
    `${OWNER}:${'x'.repeat(180)}`,
    `${OWNER}:\ud800`,
  ]) {
    expect(parseTopic(`shoal:owned:${rest}`).kind, rest).toBe('refused')
  }
  expect(() => ownedTopic('', OWNER)).toThrow(UsageError)
  expect(() => ownedTopic('chat', OWNER.slice(2))).toThrow(UsageError)
  expect(() => ownedTopic('chat', new Uint8Array(31))).toThrow(UsageError)
})

test('[P-21] the secret of a private topic is a key, not a password', () => {
  for (const secret of [SECRET, '0123456789abcdef0123456789abcdef', `${'A'.repeat(100)}bcdefgh-_1`]) {
    expect(parseTopic(`shoal:private:${secret}`).kind).toBe('private')
    expect(privateTopic(secret).reveal()).toBe(`shoal:private:${secret}`)
  }
  for (const secret of [
    '',
    'password',
    SECRET.slice(0, 21),
    'a'.repeat(64),
    `${SECRET} `,
    `${SECRET}ü`,
    'x1'.repeat(65),
  ]) {
    const topic = parseTopic(`shoal:private:${secret}`)
    expect(topic.kind, secret).toBe('refused')
    if (secret !== '' && topic.kind === 'refused') expect(topic.reason).not.toContain(secret)
    expect(() => privateTopic(secret)).toThrow(UsageError)
  }
  const made = newPrivateTopic(seededRandom(1))
  expect(parseTopic(made.reveal())).toEqual(made)
})

test('[P-22] a private topic shows a tag that is no topic by itself, and never its secret', () => {
  const topic = privateTopic(SECRET)
  expect(topic.publicId).toMatch(/^shoal:tag:[0-9a-f]{64}$/)
  expect(parseTopic(topic.publicId).kind).toBe('refused')
  expect(privateTopic(`${SECRET}1`).publicId).not.toBe(topic.publicId)
  for (const shown of [JSON.stringify(topic), inspect(topic, { depth: 9, showHidden: true }), String(topic)]) {
    expect(shown).not.toContain(SECRET)
  }
})

describe('info hashes', () => {
  const MIDNIGHT = Date.UTC(2026, 5, 2)
  const MINUTE = HOUR / 60
  const hashesAt = (time: number): string[] => infoHashesAt(privateTopic(SECRET), time).map(toHex)

  test('[P-23] the info hash of a plain topic, and of one with an owner, is the SHA-1 of its public id', () => {
    // printf abc | sha1sum
    expect(infoHashesAt(requireTopic('abc'), MIDNIGHT).map(toHex)).toEqual(['a9993e364706816aba3e25717850c26c9cd0d89d'])
    const owned = ownedTopic('abc', OWNER)
    expect(infoHashesAt(owned, 0)).toEqual(infoHashesAt(owned, MIDNIGHT))
    expect(owned.publicId).toContain('abc')
  })

  test('[P-24] that of a private topic is another one each day, and for an hour before and after midnight both count', () => {
    const [today] = hashesAt(MIDNIGHT + 12 * HOUR)
    const [yesterday] = hashesAt(MIDNIGHT - 12 * HOUR)
    expect(today).not.toBe(yesterday)
    expect(hashesAt(MIDNIGHT - HOUR - 1)).toEqual([yesterday])
    expect(hashesAt(MIDNIGHT - HOUR)).toEqual([yesterday, today])
    expect(hashesAt(MIDNIGHT + HOUR - 1)).toEqual([yesterday, today])
    expect(hashesAt(MIDNIGHT + HOUR)).toEqual([today])
  })

  test('[P-24] members whose clocks are up to an hour apart share a hash at every minute of the day', () => {
    for (let time = MIDNIGHT - 2 * HOUR; time <= MIDNIGHT + 2 * HOUR; time += MINUTE) {
      for (const skew of [1, 50 * MINUTE, HOUR]) {
        const theirs = hashesAt(time + skew)
        expect(hashesAt(time).some((hash) => theirs.includes(hash))).toBe(true)
      }
    }
  })

  test('[P-25] hashes of days and of secrets pass as unrelated: no bits in common beyond chance, none predicts another', () => {
    const DAYS = 730
    const days = Array.from(
      { length: DAYS },
      (_, day) => infoHashesAt(privateTopic(SECRET), MIDNIGHT + (day + 0.5) * 24 * HOUR)[0] as Uint8Array,
    )
    expect(new Set(days.map(toHex)).size).toBe(DAYS)
    // Each bit is set on half of the days, and differs from that of the day before half of the time: within five standard deviations.
    const allowed = 5 * Math.sqrt(DAYS) * 0.5
    for (let bit = 0; bit < 160; bit++) {
      const bits = days.map((hash) => ((hash[bit >> 3] as number) >> (bit & 7)) & 1)
      const ones = bits.filter(Boolean).length
      const changes = bits.filter((value, i) => i > 0 && value !== bits[i - 1]).length
      expect(Math.abs(ones - DAYS / 2)).toBeLessThan(allowed)
      expect(Math.abs(changes - DAYS / 2)).toBeLessThan(allowed)
    }
    // The distance of two days, and of two secrets that differ in one letter, is that of random texts (80 bits, deviation 6.3).
    const distances = days.slice(1).map((hash, i) => distance(hash, days[i] as Uint8Array))
    const others = Array.from(
      { length: 64 },
      (_, i) => infoHashesAt(privateTopic(`${SECRET}${i}`), MIDNIGHT + 12 * HOUR)[0] as Uint8Array,
    )
    for (const each of [...distances, ...others.map((hash) => distance(hash, days[0] as Uint8Array))]) {
      expect(Math.abs(each - 80)).toBeLessThan(40)
    }
    // Nor does the tag, which a store is named after, give them away.
    for (const hash of days) expect(privateTopic(SECRET).publicId).not.toContain(toHex(hash).slice(0, 8))
  })
})

function distance(a: Uint8Array, b: Uint8Array): number {
  let count = 0
  a.forEach((byte, i) => {
    for (let bits = byte ^ (b[i] as number); bits !== 0; bits &= bits - 1) count++
  })
  return count
}
