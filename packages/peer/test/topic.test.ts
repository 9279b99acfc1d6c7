import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import { parseTopic, requireTopic, TOPIC_BYTES_MAX } from '../src/index.ts'

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
    'shoal:',
    'shoal:x:',
    ' shoal:private:',
    'SHOAL:private:',
    '\tShoal :',
  ]
  for (const kind of kinds) {
    const topic = parseTopic(kind + secret)
    expect(topic.kind, kind).toBe('refused')
    expect(topic.kind === 'refused' && topic.reason).not.toContain(secret)
  }
})
