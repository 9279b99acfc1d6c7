/** Topics with an owner on real processes: made, signed for and revoked by the command, with a private DHT between them. */
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Program, Scene } from './scene.ts'

interface World {
  readonly scene: Scene
  readonly topic: string
  readonly key: string
  readonly meet: readonly string[]
}

async function owned(): Promise<World> {
  const scene = new Scene()
  const meet = ['--bootstrap', await scene.testnet(8)]
  const key = scene.path('owner.key')
  const made = scene.shoal('topic', 'new', 'chat', '--key', key)
  const { topic } = await made.event('result')
  expect((await made.ended).code).toBe(0)
  return { scene, topic: String(topic), key, meet }
}

/** Serves once to learn its peer id, has it signed, and serves again with that. */
async function certified(world: World, name: string, ...sign: string[]): Promise<{ server: Program; peerId: string }> {
  const { scene, topic, key, meet } = world
  const store = scene.path(name)
  const serve = ['serve', '--topic', topic, '--port', '0', '--store', store, ...meet]
  const first = scene.shoal(...serve)
  const { peerId } = await first.event('listening')
  await first.says(/no certificate .*shoal topic sign/s)
  expect((await first.stop()).code).toBe(0)
  const signing = scene.shoal('topic', 'sign', String(peerId), '--key', key, ...sign)
  const certificate = `${store}.certificate`
  await signing.event('result')
  writeFileSync(certificate, signing.stdout)
  const server = scene.shoal(...serve, '--certificate', certificate)
  await server.event('announced')
  return { server, peerId: String(peerId) }
}

test('[O-20] [O-21] an owner makes a topic and certifies a server; clients use it, and talk to no other', async () => {
  const world = await owned()
  const { scene, topic, key, meet } = world
  expect(topic).toMatch(/^shoal:owned:[0-9a-f]{64}:chat$/)
  expect(statSync(key).mode & 0o777).toBe(0o600)
  const again = scene.shoal('topic', 'new', 'chat', '--key', key)
  expect(await again.event('result')).toMatchObject({ topic })
  const other = scene.shoal('topic', 'new', 'talk', '--key', key)
  expect((await other.ended).code).toBe(1)
  expect(other.stderr).toMatch(/is the key of another topic/)

  const { server, peerId } = await certified(world, 'good')
  const here = await server.event('listening', { topic, peerId })
  // It announces itself as others do, and is not taken for a server.
  const liar = scene.shoal('serve', '--topic', topic, '--port', '0', '--store', 'memory', ...meet)
  await liar.event('listening')
  const put = scene.shoal(
    'put',
    'a',
    '1',
    '--topic',
    topic,
    ...meet,
    '--peer',
    `127.0.0.1:${liar.all('listening')[0]?.['port']}`,
  )
  expect(await put.event('result')).toMatchObject({ sent: 1, confirmed: 1 })
  const find = scene.shoal('find', topic, '--count', '1', ...meet)
  expect(await find.event('peer')).toMatchObject({ port: here['port'], proven: true })
  expect(liar.all('connected')).toEqual([])
})

test('[O-22] a revoked server is dropped within a minute of its revocation, and says so', async () => {
  const world = await owned()
  const { scene, topic, key, meet } = world
  const good = await certified(world, 'good')
  const bad = await certified(world, 'bad')
  await good.server.event('connected', { peerId: bad.peerId })
  const watch = scene.shoal('watch', 'a', '--topic', topic, ...meet)
  await bad.server.event('connected', { server: false })
  await good.server.event('connected', { server: false })
  // It reads no DHT: the good server is the only one that can tell it.
  const places = [good, bad].flatMap(({ server }) => ['--peer', `127.0.0.1:${server.all('listening')[0]?.['port']}`])
  const parted = scene.shoal('watch', 'a', '--topic', topic, '--no-dht', '--bind', '127.0.0.1', ...places)
  const revoke = scene.shoal('topic', 'revoke', bad.peerId, '--key', key, ...meet)
  expect(await revoke.event('result')).toMatchObject({ peerId: bad.peerId, seq: 1 })
  expect(existsSync(`${key}.roster`)).toBe(true)
  // One wait lasts half a minute: the next read of the roster is sooner.
  await good.server.event('disconnected', { peerId: bad.peerId })
  await bad.server.says(/has revoked this server's certificate/)
  await watch.says(/has revoked the certificate of the server/)
  await parted.says(/has revoked the certificate of the server/)
  const find = scene.shoal('find', topic, '--timeout', '4000', ...meet)
  await find.ended
  expect(find.all('peer').map(({ port }) => port)).toEqual([good.server.all('listening')[0]?.['port']])
})

test('[O-27] a server that was revoked knows it in its next run, whomever it can ask', async () => {
  const world = await owned()
  const { scene, topic, key, meet } = world
  const { server, peerId } = await certified(world, 'bad')
  const revoke = scene.shoal('topic', 'revoke', peerId, '--key', key, ...meet)
  await revoke.event('result')
  await server.says(/has revoked this server's certificate/)
  await server.stop()
  const store = scene.path('bad')
  expect(existsSync(`${store}.rosters.json`)).toBe(true)
  const kept = ['--store', store, '--certificate', `${store}.certificate`]
  const again = scene.shoal('serve', '--topic', topic, '--port', '0', '--no-dht', '--bind', '127.0.0.1', ...kept)
  await again.says(/has revoked this server's certificate/)
})

test('[O-23] a roster leads to a server that nobody has announced', async () => {
  const world = await owned()
  const { scene, topic, meet } = world
  const { server, peerId } = await certified(world, 'quiet')
  const { port } = await server.event('listening')
  await server.stop()
  const at = `127.0.0.1:${port}`
  const signing = scene.shoal('topic', 'sign', peerId, '--key', world.key, '--at', at, ...meet)
  expect(await signing.event('result')).toMatchObject({ seq: 1, nodes: expect.any(Number) as number })
  const certificate = scene.path('again')
  writeFileSync(certificate, signing.stdout)
  const quiet = ['--no-dht', '--no-lan', '--store', scene.path('quiet'), '--certificate', certificate]
  const alone = scene.shoal('serve', '--topic', topic, '--bind', '127.0.0.1', '--port', String(port), ...quiet)
  await alone.event('listening')
  const find = scene.shoal('find', topic, '--count', '1', ...meet)
  expect(await find.event('peer', { port })).toMatchObject({ proven: true })
})

test('[O-24] a certificate that does not hold ends serve with one sentence that says what to do', async () => {
  const world = await owned()
  const { scene, topic, key, meet } = world
  const { server, peerId } = await certified(world, 'good')
  await server.stop()
  const file = scene.path('wrong')
  const serve = async (text: string): Promise<string> => {
    writeFileSync(file, text)
    const store = scene.path('good')
    const program = scene.shoal(
      'serve',
      '--topic',
      topic,
      '--port',
      '0',
      '--store',
      store,
      ...meet,
      '--certificate',
      file,
    )
    expect((await program.ended).code).toBe(1)
    return program.stderr
  }
  const signing = scene.shoal('topic', 'sign', peerId, '--key', key)
  const { certificate } = (await signing.event('result')) as unknown as { certificate: Record<string, unknown> }
  expect(await serve('{')).toMatch(/is no certificate/)
  expect(await serve(JSON.stringify({ ...certificate, until: 1_900_000_000_000 }))).toMatch(/not signed by the owner/)
  expect(await serve(JSON.stringify({ ...certificate, peerId: 'x'.repeat(86) }))).toMatch(
    /for another peer key: .*topic sign/s,
  )
  for (const [args, sentence] of [
    [['sign', peerId], /--key FILE/],
    [['sign', 'no id', '--key', key], /is not a peer id/],
    [['new'], /what the topic is called/],
    [['new', 'x', '--private'], /neither name nor key/],
    [['sign', peerId, '--key', key, '--at', 'a.name:1'], /no IP address/],
  ] as const) {
    const wrong = scene.shoal('topic', ...args)
    expect((await wrong.ended).code).toBe(2)
    expect(wrong.stderr).toMatch(sentence)
  }
  const missing = scene.shoal('topic', 'sign', peerId, '--key', scene.path('none'))
  expect((await missing.ended).code).toBe(1)
  expect(missing.stderr).toMatch(/topic new NAME --key FILE/)
  expect(existsSync(scene.path('none'))).toBe(false)
})
