/** Operations of one client: what they print, what they exit with. */
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, Scene } from './scene.ts'

const TOPIC = 'e2e-one-shot'

async function world(): Promise<{ scene: Scene; peer: string[]; server: Awaited<ReturnType<Scene['server']>> }> {
  const scene = new Scene()
  const server = await scene.server(TOPIC, 'none', '--bind', '127.0.0.1')
  return { scene, server, peer: ['--topic', TOPIC, '--no-dht', '--peer', `127.0.0.1:${server.here['port']}`] }
}

test('[C-32] [C-33] [C-34] put, get and keys work by --peer alone, and end by themselves', async () => {
  const { scene, peer } = await world()
  const value = { list: [1, 'two', null], nested: { ü: true } }
  const put = scene.shoal('put', 'a/b', JSON.stringify(value), ...peer)
  expect(await put.event('result')).toEqual({ event: 'result', key: 'a/b', sent: 1, confirmed: 1 })
  expect(await put.ended).toEqual({ code: 0, signal: null })

  const get = scene.shoal('get', 'a/b', ...peer)
  const { author, time, ...result } = await get.event('result')
  expect(result).toEqual({ event: 'result', key: 'a/b', found: true, value })
  expect(author).toEqual(expect.any(String))
  expect(String(time)).toMatch(/^\d{13}$/)
  expect((await get.ended).code).toBe(0)

  await scene.shoal('put', 'a/c', '0', ...peer).ended
  const keys = scene.shoal('keys', 'a/', ...peer)
  const found = (await keys.event('result'))['keys'] as string[]
  expect([...found].sort()).toEqual(['a/b', 'a/c'])
  expect((await keys.ended).code).toBe(0)
  await scene.shoal('put', 'b', '0', ...peer).ended
  const all = (await scene.shoal('keys', '', ...peer).event('result'))['keys'] as string[]
  expect([...all].sort()).toEqual(['a/b', 'a/c', 'b'])
})

test('[C-33] [C-34] what is not there is "not found": exit code 3, before the time-out where all servers say so', async () => {
  const { scene, peer } = await world()
  const get = scene.shoal('get', 'nothing', ...peer, '--timeout', '600000')
  await get.event('result', { key: 'nothing', found: false, value: null })
  expect((await get.ended).code).toBe(3)
  const plain = scene.plain('get', 'nothing', ...peer)
  expect((await plain.ended).code).toBe(3)
  expect(plain.stdout).toBe('')
  const keys = scene.shoal('keys', 'nothing', ...peer)
  await keys.event('result')
  expect((await keys.ended).code).toBe(3)
})

test('[C-21] --user makes an identity, and the next command writes with the same one', async () => {
  const { scene, peer } = await world()
  const user = ['--user', scene.path('me.json'), ...peer]
  expect((await scene.shoal('put', 'settings', '{"theme":"dark"}', '--private', ...user).ended).code).toBe(0)
  expect((await stat(scene.path('me.json'))).mode & 0o777).toBe(0o600)
  const before = await readFile(scene.path('me.json'), 'utf8')
  const get = scene.shoal('get', 'settings', '--private', ...user)
  const result = await get.event('result', { found: true })
  expect(result['value']).toEqual({ theme: 'dark' })
  expect(result['key']).toBe(`:${result['author']}.settings`)
  expect(await readFile(scene.path('me.json'), 'utf8')).toBe(before)
})

test('[C-35] watch starts with the value there is and tells each that follows', async () => {
  const { scene, peer } = await world()
  await scene.shoal('put', 'news', '"old"', ...peer).ended
  const watch = scene.shoal('watch', 'news', ...peer)
  const first = await watch.event('update')
  expect(first).toMatchObject({ key: 'news', value: 'old', author: expect.any(String), time: expect.any(Number) })
  await scene.shoal('put', 'news', '"new"', ...peer).ended
  await watch.event('update', { value: 'new' }, first)
  expect(await watch.stop()).toEqual({ code: 0, signal: null })
})

test('[C-36] find ends with 3 when fewer than asked for were found, and says how many', async () => {
  const { scene, server, peer } = await world()
  const find = scene.shoal('find', TOPIC, '--count', '2', '--timeout', '1500', ...peer.slice(2))
  await find.event('peer', { host: '127.0.0.1', port: server.here['port'], source: 'static', proven: true })
  await find.event('done', { found: 1 })
  expect((await find.ended).code).toBe(3)
})

test('[C-31] what can reach nobody says so and ends with 1', async () => {
  const scene = new Scene()
  const nobody = ['--no-dht', '--peer', `127.0.0.1:${await freePort()}`, '--timeout', '1000']
  for (const args of [
    ['get', '==a'],
    ['put', '==a', '1'],
    ['keys', '==a'],
    ['watch', '==a'],
  ]) {
    const program = scene.plain(...args, '--topic', TOPIC, ...nobody)
    expect((await program.ended).code, args[0]).toBe(1)
    expect(program.stderr.trim().split('\n')).toHaveLength(1)
    expect(program.stderr).toContain('--peer')
    expect(program.stdout).toBe('')
  }
})

test('[C-36] --unproven also shows what did not prove itself, and does not count it', async () => {
  const { scene, server, peer } = await world()
  const dead = await freePort()
  // Takes connections, and never says a word.
  const silent = createServer((socket) => void socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const { port } = silent.address() as { port: number }
  const others = [dead, port].flatMap((one) => ['--peer', `127.0.0.1:${one}`])
  const find = scene.shoal('find', TOPIC, '--unproven', '--timeout', '1500', ...others, ...peer.slice(2))
  await find.event('peer', { port: server.here['port'], proven: true })
  await find.event('peer', { port: dead, source: 'static', proven: false })
  await find.event('peer', { port, source: 'static', proven: false })
  await find.event('done', { found: 1 })
  expect((await find.ended).code).toBe(0)
})

test('[C-32] a name that belongs to somebody else is not taken over, and the sentence says so', async () => {
  const { scene, peer } = await world()
  const owner = ['--user', scene.path('owner.json'), ...peer]
  expect((await scene.shoal('put', '==name', '"mine"', ...owner).ended).code).toBe(0)
  const thief = scene.plain('put', '==name', '"stolen"', ...peer)
  expect((await thief.ended).code).toBe(1)
  expect(thief.stderr).toMatch(/belongs to somebody else/)
  expect((await scene.shoal('put', '==name', '"still mine"', ...owner).ended).code).toBe(0)
  await scene.shoal('get', '==name', ...peer).event('result', { value: 'still mine' })
})

test('[C-31] with nowhere to look it says so at once', async () => {
  const scene = new Scene()
  for (const flags of [['--no-dht'], ['--bootstrap', 'none']]) {
    const program = scene.plain('get', 'a', '--topic', TOPIC, '--timeout', '600000', '--no-lan', ...flags)
    expect((await program.ended).code).toBe(1)
    expect(program.stderr).toMatch(/nowhere to look.*--peer/)
  }
})

test("[C-6] in a pipe a person's output is plain: the value alone, no colours", async () => {
  const { scene, peer } = await world()
  await scene.plain('put', 'a', '{"b":1}', ...peer).ended
  const get = scene.plain('get', 'a', ...peer)
  await get.ended
  expect(JSON.parse(get.stdout)).toEqual({ b: 1 })
  expect(get.stderr).toBe('')
})
