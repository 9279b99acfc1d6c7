import { expect, test } from 'vitest'
import { BATCH_SIZE_MAX, isBatch, textsOf } from '../../src/core/wire/batch.ts'
import type { Channel } from '../../src/network/channel.ts'
import { joinedChannel } from '../../src/network/joined-channel.ts'
import { Pipe } from './pipe.ts'

/** One end over a pipe; `turn` ends the turn. */
function end(pipe: Pipe): { channel: Channel; turn: () => void } {
  const waiting: (() => void)[] = []
  const turn = (): void => {
    for (const run of waiting.splice(0)) run()
  }
  return { channel: joinedChannel(pipe, (run) => waiting.push(run)), turn }
}

function arrived(pipe: Pipe): unknown[] {
  return pipe.sent.flatMap<unknown>((frame) => (isBatch(frame) ? (textsOf(frame) ?? ['too large']) : [frame]))
}

test('[T-123] what is sent in one turn is one frame', () => {
  const pipe = new Pipe(10)
  const { channel, turn } = end(pipe)
  for (const text of ['{"a":1}', '{"b":2}']) expect(channel.send(text)).toBe(true)
  expect(pipe.sent).toEqual([])
  expect(channel.buffered).toBe(16)
  turn()
  channel.send('{"c":3}')
  turn()
  expect(pipe.sent).toEqual(['\n{"a":1}\n{"b":2}', '{"c":3}'])
})

test('[T-123] long turns and long messages are cut into frames in their order, none larger than may be', () => {
  const pipe = new Pipe(100)
  const { channel, turn } = end(pipe)
  const messages = [
    '1',
    JSON.stringify('x'.repeat(100_000)),
    '2',
    '{\n}',
    '3',
    Uint8Array.of(10, 1),
    ...Array.from({ length: 1_000 }, (_, i) => `${i}`),
    ...Array.from({ length: 5 }, () => 'y'.repeat(BATCH_SIZE_MAX / 2)),
  ]
  for (const message of messages) expect(channel.send(message)).toBe(true)
  turn()
  expect(arrived(pipe)).toEqual(messages)
  expect(pipe.sent.length).toBeLessThan(20)
})

test('[T-123] back-pressure stays true, and an end sends what was taken', async () => {
  const pipe = new Pipe(1)
  const { channel, turn } = end(pipe)
  const long = 'x'.repeat(BATCH_SIZE_MAX)
  expect(channel.send(long)).toBe(true)
  expect(channel.send(`${long} refused`)).toBe(false)
  expect(channel.send('taken, waits')).toBe(true)
  turn()
  expect(channel.send(`${long} refused`)).toBe(false)
  pipe.room = 3
  await channel.drained()
  await Promise.resolve()
  expect(arrived(pipe)).toEqual([long, 'taken, waits'])
  channel.send('last')
  channel.close(1001, 'closing')
  expect(arrived(pipe)).toEqual([long, 'taken, waits', 'last'])
  expect(pipe.closings).toEqual([[1001, 'closing']])
})
