import { seededRandom, utf8 } from '@shoal/base'
import { NoiseHandshake, type NoiseSession, nobleEngine } from '@shoal/peer'
import { expect, test } from 'vitest'
import type { Channel } from '../../src/network/channel.ts'
import { EncryptedChannel } from '../../src/network/encrypted-channel.ts'

const engine = nobleEngine(seededRandom(3))

function keys(): readonly [NoiseSession, NoiseSession] {
  const init = { engine, prologue: utf8('test'), staticKey: engine.keyPair() }
  const a = new NoiseHandshake({ ...init, role: 'initiator' })
  const b = new NoiseHandshake({ ...init, role: 'responder' })
  for (const [from, to] of [
    [a, b],
    [b, a],
    [a, b],
  ] as const) {
    to.read(from.write(new Uint8Array(0)) as Uint8Array)
  }
  return [a.finish(), b.finish()]
}

/** A channel that takes so many messages and keeps them. */
class Pipe implements Channel {
  readonly remote = { host: '192.0.2.1', port: 7 }
  readonly direction = 'outbound'
  readonly isTextOnly = false
  readonly sent: (string | Uint8Array)[] = []
  readonly closings: [number, string][] = []
  room: number
  isDrained = false

  constructor(room: number) {
    this.room = room
  }

  get buffered(): number {
    return this.sent.reduce((sum, { length }) => sum + length, 0)
  }

  send(message: string | Uint8Array): boolean {
    if (this.sent.length >= this.room) return false
    this.sent.push(message)
    return true
  }

  async drained(): Promise<void> {
    this.isDrained = true
  }

  close(code: number, reason: string): void {
    this.closings.push([code, reason])
  }
}

test('[E-20] it sends bytes only, and gives back what the other end has sent', () => {
  const [mine, theirs] = keys()
  const pipe = new Pipe(10)
  const channel = new EncryptedChannel(pipe, mine)
  const other = new EncryptedChannel(new Pipe(10), theirs)
  expect(channel.send('text')).toBe(true)
  expect(channel.send(Uint8Array.of(1, 2))).toBe(true)
  expect(pipe.sent.every((frame) => frame instanceof Uint8Array)).toBe(true)
  expect(pipe.sent.map((frame) => other.open(frame))).toEqual(['text', Uint8Array.of(1, 2)])
  expect(channel.remote).toEqual(pipe.remote)
  expect(channel.direction).toBe('outbound')
})

test('[E-20] back-pressure stays true: what was not taken is not sent, and what comes after it can be read', async () => {
  const [mine, theirs] = keys()
  const pipe = new Pipe(1)
  const channel = new EncryptedChannel(pipe, mine)
  const other = new EncryptedChannel(new Pipe(10), theirs)
  expect(channel.send('taken')).toBe(true)
  expect(channel.send('refused')).toBe(false)
  expect(channel.buffered).toBe(pipe.buffered)
  await channel.drained()
  expect(pipe.isDrained).toBe(true)
  pipe.room = 2
  expect(channel.send('taken again')).toBe(true)
  expect(pipe.sent.map((frame) => other.open(frame))).toEqual(['taken', 'taken again'])
})

test('[E-20] the reason of its end does not go out in clear', () => {
  const [mine] = keys()
  const pipe = new Pipe(1)
  new EncryptedChannel(pipe, mine).close(1008, 'misbehaved: bad-record')
  expect(pipe.closings).toEqual([[1008, '']])
})

test('[E-17] a text frame on an encrypted channel is refused', () => {
  const [, theirs] = keys()
  expect(new EncryptedChannel(new Pipe(1), theirs).open('{"type":"put"}')).toBeUndefined()
})
