import { SECOND } from '@shoal/base'
import { expect, test } from 'vitest'
import { Streams } from '../../src/network/streams.ts'
import type { Host } from '../../src/world/host.ts'
import type { Program } from '../../src/world/machine.ts'
import { World } from '../../src/world/world.ts'

const idle: Program = {
  create: () => ({
    handleDatagram: () => undefined,
    handleTimeout: () => undefined,
    pollTransmit: () => undefined,
    pollEvent: () => undefined,
    pollTimeout: () => undefined,
  }),
}

/** Two hosts, connected; what each is told goes into a list. */
function connected(loss = 0) {
  const world = new World({ seed: 1, network: { loss } })
  const told: string[] = []
  const channels = new Map<string, number>()
  const streams = new Streams(world, {
    handleOpened: ({ name }, { channel }) => channels.set(name, channel),
    handleDialFailed: ({ name }, dial) => told.push(`${name} cannot dial ${dial}`),
    handleFrame: ({ name }, _channel, frame) => told.push(`${name} gets ${frame}`),
    handleClosed: ({ name }, _channel, reason) => told.push(`${name} closed ${reason}`),
  })
  const [a, b] = ['a', 'b'].map((name) => world.addHost({ program: idle, name, region: 'europe' })) as [Host, Host]
  world.start(a)
  world.start(b)
  streams.dial(a, b.endpoint, 7)
  world.advance(SECOND)
  const say = (from: Host, frame: string) => streams.send(channels.get(from.name) as number, frame)
  return { world, streams, told, a, b, say, channels }
}

test('[H-30] frames come whole and in order, also where some are lost on the way', () => {
  const { world, told, a, say } = connected(0.3)
  const frames = Array.from({ length: 50 }, (_, i) => `${i}`)
  for (const frame of frames) say(a, frame)
  world.advance(60 * SECOND)
  expect(told).toEqual(frames.map((frame) => `b gets ${frame}`))
})

test('[H-30] what was sent while the network was parted comes afterwards, in order; longer than 20 s breaks the connection', () => {
  const { world, told, a, b, say } = connected()
  world.partition((host) => host.index)
  say(a, 'one')
  world.advance(10 * SECOND)
  say(a, 'two')
  expect(told).toEqual([])
  world.heal()
  world.advance(5 * SECOND)
  expect(told.splice(0)).toEqual(['b gets one', 'b gets two'])
  world.partition((host) => host.index)
  say(a, 'three')
  world.advance(30 * SECOND)
  expect(told.splice(0)).toEqual(['a closed timed out'])
  world.heal()
  say(b, 'who is there')
  world.advance(5 * SECOND)
  expect(told).toEqual(['b closed reset'])
})

test('[H-31] a process that ends resets its connections', () => {
  const { world, streams, told, b } = connected()
  world.stop(b, 'crash')
  streams.handleStop(b, 'process')
  world.advance(SECOND)
  expect(told).toEqual(['a closed reset'])
})

test('[H-31] a machine without power says nothing; who sends to it learns of it when it is back', () => {
  const { world, streams, told, a, b, say } = connected()
  world.stop(b, 'crash')
  streams.handleStop(b, 'power')
  world.advance(5 * SECOND)
  expect(told).toEqual([])
  streams.handleStart(b)
  world.start(b)
  say(a, 'hello')
  world.advance(5 * SECOND)
  expect(told).toEqual(['a closed reset'])
})

test('[H-31] where nobody listens a dial fails, and where nobody is it stays without an answer', () => {
  const { world, streams, told, a, b } = connected()
  streams.dial(a, { host: b.attachment.host, port: 1 }, 8)
  streams.dial(a, { host: '203.0.113.7', port: 9_000 }, 9)
  world.advance(60 * SECOND)
  expect(told).toEqual(['a cannot dial 8'])
})

test('[H-30] a close is heard behind what was sent before it, a cut at both ends', () => {
  const { world, streams, told, a, b, say, channels } = connected()
  say(a, 'last')
  streams.close(channels.get('a') as number, 'bye')
  say(a, 'too late')
  world.advance(SECOND)
  expect(told.splice(0)).toEqual(['b gets last', 'b closed bye'])
  streams.dial(a, b.endpoint, 10)
  world.advance(SECOND)
  streams.cut(b, a)
  world.advance(SECOND)
  expect(told.sort()).toEqual(['a closed cut', 'b closed cut'])
})
