/** The DHT commands against a DHT of real processes. */
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const HASH = '0123456789abcdef0123456789abcdef01234567'

test("[C-41] [C-42] [C-43] announce, look up and ping in a DHT of one's own", async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(10)
  expect(bootstrap.split(',').length).toBeGreaterThan(1)
  const announce = scene.shoal('dht', 'announce', HASH, '--port', '4321', '--bootstrap', bootstrap)
  expect((await announce.event('announced'))['nodes']).toBeGreaterThan(0)
  expect((await announce.ended).code).toBe(0)

  const lookup = scene.shoal('dht', 'lookup', HASH, '--bootstrap', bootstrap)
  const peer = await lookup.event('peer')
  expect(peer).toMatchObject({ host: '127.0.0.1', port: 4321, family: 'ipv4' })
  expect(peer['from']).toMatch(/^127\.0\.0\.1:\d+$/)
  await lookup.event('done', { found: 1 })
  expect((await lookup.ended).code).toBe(0)

  const [first = ''] = bootstrap.split(',')
  const ping = scene.shoal('dht', 'ping', first)
  const pong = await ping.event('pong', { host: '127.0.0.1', port: Number(first.split(':')[1]) })
  expect(pong['nodeId']).toMatch(/^[0-9a-f]{40}$/)
  expect(pong['ms']).toBeGreaterThan(0)
  expect((await ping.ended).code).toBe(0)
})

test('[C-42] nobody under a hash is "not found"; a topic names its own hash', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(4)
  const nobody = scene.shoal('dht', 'lookup', HASH, '--bootstrap', bootstrap)
  await nobody.event('done', { found: 0 })
  expect((await nobody.ended).code).toBe(3)
  await scene.shoal('dht', 'announce', '--topic', 'abc', '--port', '4321', '--bootstrap', bootstrap).ended
  // SHA-1 of "abc", as FIPS 180 gives it.
  const sha1 = 'a9993e364706816aba3e25717850c26c9cd0d89d'
  await scene.shoal('dht', 'lookup', sha1, '--bootstrap', bootstrap).event('done', { found: 1 })
})

test('[C-40] a node says where it listens before it is bootstrapped, and stops when asked', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(4)
  const node = scene.shoal('dht', 'node', '--bootstrap', bootstrap, '--bind', '127.0.0.1')
  const here = await node.event('listening')
  expect(here).toMatchObject({
    address: '127.0.0.1',
    port: expect.any(Number),
    nodeId: expect.stringMatching(/^[0-9a-f]{40}$/),
  })
  expect((await node.event('ready'))['contacts']).toBeGreaterThan(0)
  await scene.shoal('dht', 'ping', `127.0.0.1:${here['port']}`).event('pong', { nodeId: here['nodeId'] })
  expect(await node.stop()).toEqual({ code: 0, signal: null })
})

test('[C-40] [C-31] with nobody there a node warns and goes on, one-shot commands end with 1', async () => {
  const scene = new Scene()
  // A socket that never answers.
  const silent = createSocket('udp4')
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
  const nowhere = `127.0.0.1:${silent.address().port}`
  try {
    const node = scene.shoal('dht', 'node', '--bootstrap', nowhere, '--timeout', '300')
    await node.says(/no DHT node could be reached/)
    const commands = [
      ['lookup', HASH],
      ['announce', HASH, '--port', '1'],
    ]
    const programs = commands.map((args) => scene.plain('dht', ...args, '--bootstrap', nowhere, '--timeout', '300'))
    programs.push(scene.plain('dht', 'ping', nowhere, '--timeout', '300'))
    for (const program of programs) {
      expect((await program.ended).code, program.name).toBe(1)
      expect(program.stderr.trim().split('\n')).toHaveLength(1)
    }
    expect(node.isOver).toBe(false)
    expect((await node.stop()).code).toBe(0)
  } finally {
    silent.close()
  }
})

test('[C-44] [C-4] a testnet runs until it is stopped', async () => {
  const scene = new Scene()
  const program = scene.shoal('testnet', '3')
  await program.event('listening')
  program.kill('SIGINT')
  expect(await program.ended).toEqual({ code: 0, signal: null })
})

test('[C-45] [C-46] a text is stored for good under its hash, or replaced by whoever has the key', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(10)
  const dht = (...args: string[]) => scene.shoal('dht', ...args, '--bootstrap', bootstrap)
  const once = await dht('put', 'hello').event('stored')
  // SHA-1 of "5:hello".
  expect(once).toEqual({
    event: 'stored',
    target: createHash('sha1').update('5:hello').digest('hex'),
    nodes: expect.any(Number),
  })
  expect(once['nodes']).toBeGreaterThanOrEqual(8)
  const get = dht('get', once['target'] as string)
  expect(await get.event('value')).toEqual({ event: 'value', value: 'hello', seq: null, key: null })
  expect((await get.ended).code).toBe(0)

  const key = scene.path('item.key')
  const one = await dht('put', 'one', '--key', key, '--salt', 's').event('stored')
  expect(statSync(key).mode & 0o077).toBe(0)
  const two = await dht('put', 'two', '--key', key, '--salt', 's').event('stored')
  expect(two['target']).toBe(one['target'])
  const value = await dht('get', two['target'] as string, '--salt', 's').event('value')
  expect(value).toEqual({ event: 'value', value: 'two', seq: 2, key: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const old = scene.plain('dht', 'put', 'old', '--key', key, '--salt', 's', '--seq', '1', '--bootstrap', bootstrap)
  expect((await old.ended).code).toBe(1)
  expect(old.stderr.trim()).toMatch(/^shoal: seq 1 is too old.*$/)
  const plain = scene.plain('dht', 'get', two['target'] as string, '--salt', 's', '--bootstrap', bootstrap)
  await plain.ended
  expect(plain.stdout).toBe('two\n')
})

test('[C-46] [C-16] nothing under a target is "not found", and wrong arguments are usage mistakes', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(3)
  const nothing = scene.plain('dht', 'get', HASH, '--bootstrap', bootstrap)
  expect((await nothing.ended).code).toBe(3)
  expect(nothing.stdout).toBe('')
  expect(nothing.stderr.trim().split('\n')).toHaveLength(1)
  const file = scene.path('no.key')
  writeFileSync(file, 'no key')
  const wrong: [number, string[]][] = [
    [2, ['get', 'abc']],
    [2, ['put', 'x'.repeat(997)]],
    [2, ['put', 'x', '--seq', '1']],
    [2, ['put', 'x', '--salt', 's']],
    [2, ['put', 'x', '--key', 'k', '--seq', '-1']],
    [2, ['put', 'x', '--key', 'k', '--seq', '9223372036854775808']],
    [2, ['put', 'x', '--key', 'k', '--salt', 's'.repeat(65)]],
    [1, ['put', 'x', '--key', file]],
    [2, ['sample', 'nonsense']],
  ]
  for (const [code, args] of wrong) {
    const program = scene.plain('dht', ...args, '--bootstrap', bootstrap)
    expect((await program.ended).code, args.join(' ')).toBe(code)
    expect(program.stderr.trim().split('\n')).toHaveLength(1)
  }
})

test('[C-47] a node shows what it stores', async () => {
  const scene = new Scene()
  const bootstrap = await scene.testnet(4)
  await scene.shoal('dht', 'announce', HASH, '--port', '4321', '--bootstrap', bootstrap).ended
  const [first = ''] = bootstrap.split(',')
  const sample = scene.shoal('dht', 'sample', first)
  expect(await sample.event('samples')).toEqual({ event: 'samples', samples: [HASH], num: 1, interval: 0 })
  expect((await sample.ended).code).toBe(0)
})
