/** Wrong use gets one sentence that says what to do. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { LevelDbStore } from 'shoal'
import { expect, test } from 'vitest'
import { type Program, Scene } from './scene.ts'

const TOPIC = 'e2e-wrong-use'

async function expectSentence(program: Program, code: number, hint: RegExp): Promise<void> {
  const ended = await program.ended
  expect(ended.code, program.tail).toBe(code)
  expect(program.stderr.trim().split('\n'), program.tail).toHaveLength(1)
  expect(program.stderr).toMatch(/^shoal: /)
  expect(program.stderr).toMatch(hint)
  expect(program.stdout).toBe('')
}

test.each<[string, string[], RegExp]>([
  ['an unknown command', ['fnd', TOPIC], /did you mean find\?/],
  ['an unknown command like none', ['xyzzy'], /shoal --help/],
  ['an unknown command of dht', ['dht', 'pong'], /ping/],
  ['dht without a command', ['dht'], /--help/],
  ['an unknown flag', ['serve', '--topc', 'a'], /--topic/],
  ['an empty topic', ['serve', '--topic', '', '--port', '0'], /empty/],
  ['an over-long topic', ['get', '==a', '--topic', 'x'.repeat(300)], /256/],
  ['a missing topic', ['get', '==a'], /--topic/],
  ['a missing argument', ['put', '==a'], /json/i],
  ['a malformed JSON value', ['put', '==a', 'hello', '--topic', TOPIC], /is not JSON/],
  ['a port out of range', ['serve', '--topic', TOPIC, '--port', '70000'], /--port/],
  ['a missing port', ['serve', '--topic', TOPIC], /--port/],
  ['a bad host:port', ['get', '==a', '--topic', TOPIC, '--peer', 'nowhere'], /HOST:PORT/],
  ['a bad hash', ['dht', 'lookup', 'abc'], /40 hex digits/],
  ['neither hash nor topic', ['dht', 'lookup'], /--topic/],
])('[C-2] %s is a usage mistake: one sentence, exit code 2', async (_name, args, hint) => {
  await expectSentence(new Scene().plain(...args), 2, hint)
})

test('[C-22] a taken port', async () => {
  const scene = new Scene()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const { port } = server.address() as { port: number }
  try {
    const args = ['--topic', TOPIC, '--bootstrap', 'none', '--store', 'memory']
    await expectSentence(scene.plain('serve', ...args, '--port', String(port)), 1, /is taken.*--port/)
  } finally {
    server.close()
  }
})

test('[C-20] [C-5] a store in use by another process, and the default one in the data folder', async () => {
  const scene = new Scene()
  const args = ['--topic', TOPIC, '--bootstrap', 'none', '--port', '0']
  const first = scene.shoal('serve', ...args)
  await first.event('listening')
  await expectSentence(scene.plain('serve', ...args), 1, /in use by another process/)
  expect((await first.stop()).code).toBe(0)
  const second = scene.shoal('serve', ...args)
  // Free again after the first has ended; and the peer key has lasted.
  expect((await second.event('listening'))['peerId']).toBe(first.all('listening')[0]?.['peerId'])
})

test('[C-20] a store that can not be written, and one of a newer format', async () => {
  const scene = new Scene()
  const args = ['serve', '--topic', TOPIC, '--bootstrap', 'none', '--port', '0', '--store']
  writeFileSync(scene.path('file'), '')
  await expectSentence(scene.plain(...args, scene.path('file', 'store')), 1, /choose a directory/)
  const store = new LevelDbStore(scene.path('newer'))
  await store.ready
  await store.commit([{ kind: 'set', key: '\u0000format', value: '{"format":99}' }], new Map(), 'memory')
  await store.close()
  await expectSentence(scene.plain(...args, scene.path('newer')), 1, /newer shoal/)
})

test('[C-2] --log-level debug shows what led to it', async () => {
  const scene = new Scene()
  const args = ['--no-dht', '--topic', TOPIC, '--peer', '127.0.0.1:1', '--timeout', '300', '--log-level', 'debug']
  const program = scene.plain('get', '==a', ...args)
  expect((await program.ended).code).toBe(1)
  expect(program.stderr).toMatch(/\n\s+at /)
})

test('[C-2] help and version are no mistakes', async () => {
  const scene = new Scene()
  for (const args of [[], ['--help'], ['help', 'serve'], ['dht', '--help']]) {
    const program = scene.plain(...args)
    expect((await program.ended).code).toBe(0)
    expect(program.stdout).toMatch(/Usage: shoal/)
    expect(program.stderr).toBe('')
  }
  const version = scene.plain('--version')
  await version.ended
  expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})
