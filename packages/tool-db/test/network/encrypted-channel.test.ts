import { seededRandom, utf8 } from '@shoal/base'
import { NoiseHandshake, type NoiseSession, nobleEngine } from '@shoal/peer'
import { expect, test } from 'vitest'
import { EncryptedChannel } from '../../src/network/encrypted-channel.ts'
import { Pipe } from './pipe.ts'

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

/** One end over a pipe; `turn` ends the turn. */
function end(pipe: Pipe, mine: NoiseSession): { channel: EncryptedChannel; turn: () => void } {
  const waiting: (() => void)[] = []
  const turn = (): void => {
    for (const run of waiting.splice(0)) run()
  }
  return { channel: new EncryptedChannel(pipe, mine, (run) => waiting.push(run)), turn }
}

test('[E-20] it sends bytes only, one frame for each turn, and gives back what the other end has sent', () => {
  const [mine, theirs] = keys()
  const pipe = new Pipe(10)
  const { channel, turn } = end(pipe, mine)
  const other = end(new Pipe(10), theirs).channel
  expect(channel.send('text')).toBe(true)
  expect(channel.send(Uint8Array.of(1, 2))).toBe(true)
  expect(pipe.sent).toEqual([])
  expect(channel.buffered).toBeGreaterThan(6)
  turn()
  expect(channel.send('next turn')).toBe(true)
  turn()
  expect(pipe.sent.every((frame) => frame instanceof Uint8Array)).toBe(true)
  expect(pipe.sent.map((frame) => other.open(frame))).toEqual([['text', Uint8Array.of(1, 2)], ['next turn']])
  expect(channel.remote).toEqual(pipe.remote)
  expect(channel.direction).toBe('outbound')
})

test('[E-20] long messages and long turns are cut into frames in their order', () => {
  const [mine, theirs] = keys()
  const pipe = new Pipe(100)
  const { channel, turn } = end(pipe, mine)
  const other = end(new Pipe(1), theirs).channel
  const messages = [
    'a',
    'x'.repeat(200_000),
    'b',
    ...Array.from({ length: 3_000 }, (_, i) => `${i}`),
    'y'.repeat(60_000),
    'z'.repeat(60_000),
  ]
  for (const message of messages) expect(channel.send(message)).toBe(true)
  turn()
  expect(pipe.sent.flatMap((frame) => other.open(frame) ?? ['broken'])).toEqual(messages)
  expect(pipe.sent).toHaveLength(7)
})

test('[E-20] back-pressure stays true: what was taken comes, what was not does not', async () => {
  const [mine, theirs] = keys()
  const pipe = new Pipe(1)
  const { channel, turn } = end(pipe, mine)
  const other = end(new Pipe(1), theirs).channel
  const long = 'x'.repeat(70_000)
  expect(channel.send(long)).toBe(true)
  expect(channel.send(`${long} refused`)).toBe(false)
  expect(channel.send('taken, waits')).toBe(true)
  turn()
  expect(channel.buffered).toBeGreaterThan(pipe.buffered)
  expect(channel.send(`${long} refused`)).toBe(false)
  expect(channel.send('taken, waits too')).toBe(true)
  pipe.room = 3
  // It was drained, so what waits goes of itself.
  await channel.drained()
  await Promise.resolve()
  turn()
  expect(pipe.isDrained).toBe(true)
  expect(channel.buffered).toBe(pipe.buffered)
  expect(pipe.sent.flatMap((frame) => other.open(frame) ?? ['broken'])).toEqual([
    long,
    'taken, waits',
    'taken, waits too',
  ])
})

test('[E-20] at its end it sends what was taken; the reason does not go out in clear', () => {
  const [mine, theirs] = keys()
  const pipe = new Pipe(1)
  const { channel, turn } = end(pipe, mine)
  channel.send('last')
  channel.close(1008, 'misbehaved: bad-record')
  turn()
  expect(pipe.sent.map((frame) => end(new Pipe(1), theirs).channel.open(frame))).toEqual([['last']])
  expect(pipe.closings).toEqual([[1008, '']])
})

test('[E-17] a text frame on an encrypted channel is refused', () => {
  const [, theirs] = keys()
  expect(end(new Pipe(1), theirs).channel.open('{"type":"put"}')).toBeUndefined()
})
