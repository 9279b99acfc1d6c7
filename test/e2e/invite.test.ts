/** Invites on real processes: made by asking servers, and taken in place of a topic, by every command. */
import { createHash } from 'node:crypto'
import { formatInvite, KeyPair, parseInvite, requireTopic, signEndpoint } from '@shoal/peer'
import { ToolDb } from 'shoal'
import { expect, onTestFinished, test } from 'vitest'
import { freePort, Scene } from './scene.ts'

const TOPIC = 'e2e-invite'
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** Two servers that know each other and no DHT node, and an invite to one or both of them. */
async function invited(count = '4'): Promise<{ scene: Scene; text: string; dead: string; ports: unknown[] }> {
  const scene = new Scene()
  const dead = `127.0.0.1:${await freePort()}`
  const a = await scene.server(TOPIC, dead)
  const b = await scene.server(TOPIC, dead, '--peer', `127.0.0.1:${a.here['port']}`)
  await b.program.event('connected', { peerId: a.here['peerId'] })
  const peer = `127.0.0.1:${b.here['port']}`
  const made = scene.shoal('invite', '--topic', TOPIC, '--bootstrap', dead, '--peer', peer, '--count', count)
  const { invite, servers } = await made.event('result', { topic: TOPIC })
  expect((await made.ended).code).toBe(0)
  return { scene, text: String(invite), dead, ports: (servers as { port: number }[]).map(({ port }) => port) }
}

test('[C-100] [C-101] [S-110] an invite names servers that were asked; with it alone every command begins', async () => {
  const { scene, text, dead, ports } = await invited()
  expect(ports).toHaveLength(2)
  const only = ['--bootstrap', dead]
  const find = scene.shoal('find', text, ...only, '--count', '2')
  expect((await find.ended).code, find.tail).toBe(0)
  expect(
    find
      .all('peer')
      .map(({ port }) => port)
      .sort(),
  ).toEqual([...ports].sort())
  expect(find.all('peer')[0]).toMatchObject({ source: 'invite', proven: true })

  const put = scene.shoal('put', 'a', '1', '--topic', text, ...only)
  expect(await put.event('result')).toMatchObject({ confirmed: 2 })
  const get = scene.shoal('get', 'a', '--invite', text, ...only)
  expect(await get.event('result')).toMatchObject({ value: 1 })
  const keys = scene.shoal('keys', '', '--invite', ` ${text}\n`, '--topic', TOPIC, '--no-dht')
  expect(await keys.event('result')).toMatchObject({ keys: ['a'] })
  const watch = scene.shoal('watch', 'a', '--invite', text, ...only)
  await watch.event('update', { value: 1 })
  const serve = scene.shoal('serve', '--invite', text, ...only, '--port', '0', '--store', 'memory')
  await serve.event('listening', { topic: TOPIC })
  await serve.event('connected', { port: ports[0], server: true })
  // Made by one who was invited himself.
  const again = scene.shoal('invite', '--invite', text, ...only, '--days', '1')
  expect(await again.event('result')).toMatchObject({ topic: TOPIC })
})

test('[C-102] [S-111] a program begins with an invite and nothing else, and makes one', async () => {
  const { text } = await invited('1')
  const db = new ToolDb({ invite: text, store: 'memory', discovery: { sources: {} } })
  onTestFinished(() => db.close())
  await db.ready
  expect(db.options.topic).toBe(TOPIC)
  await db.putData('b', 2, false, { confirm: 1 })
  const made = parseInvite(await db.createInvite(), { now: Date.now(), sha256 })
  expect(made).toMatchObject({ kind: 'invite', invite: { topic: { name: TOPIC } } })
  await expect(db.createInvite({ count: 9 })).rejects.toThrow(/1 to 8 servers/)
  await expect(db.createInvite({ validFor: 0 })).rejects.toThrow(/from a minute to ten years/)

  const alone = new ToolDb({ topic: TOPIC, store: 'memory' })
  onTestFinished(() => alone.close())
  await expect(alone.createInvite()).rejects.toMatchObject({ code: 'SHOAL_NO_SERVERS' })
})

test('[C-103] [P-45] what is wrong with an invite is one sentence, exit code 2, and does not repeat it', async () => {
  const { scene, text } = await invited('1')
  const parsed = parseInvite(text, { now: Date.now(), sha256 })
  if (parsed.kind === 'refused') throw new Error(parsed.reason)
  const { invite } = parsed
  const forged = { ...invite, topic: requireTopic('another-topic') }
  const wrong: [string[], RegExp][] = [
    [['--invite', text.slice(0, -1)], /is damaged/],
    [['--invite', 'shoal:private:0123456789abcdefghijklmn'], /begins with shoal:invite:/],
    [['--topic', `${text.slice(0, 40)}x${text.slice(41)}`], /is damaged/],
    [['--invite', formatInvite({ ...invite, validUntil: Date.now() - 60_000 }, sha256)], /has expired/],
    [['--invite', formatInvite(forged, sha256)], /is forged/],
    [['--invite', text, '--topic', 'another'], /another topic than --topic/],
    [['--invite', text, '--topic', text], /one invite/],
  ]
  for (const [flags, hint] of wrong) {
    const program = scene.plain('get', 'a', ...flags, '--no-dht', '--no-lan', '--log-level', 'debug')
    expect((await program.ended).code, program.tail).toBe(2)
    expect(program.stderr).toMatch(hint)
    expect(program.stderr).not.toContain(text.slice(13, 60))
    expect(program.stderr).not.toContain('0123456789abcdefghijklmn')
  }
  expect(() => new ToolDb({ invite: text.slice(1), store: 'memory' })).toThrow(/begins with shoal:invite/)
  expect(() => new ToolDb({ invite: text, topic: 'another', store: 'memory' })).toThrow(/another topic/)
  expect(() => new ToolDb({ invite: text, discovery: false, store: 'memory' })).toThrow(/discovery/)
  const db = new ToolDb({ invite: formatInvite(forged, sha256), store: 'memory', discovery: { sources: {} } })
  onTestFinished(() => db.close())
  await expect(db.ready).rejects.toThrow(/is forged/)
})

test('[C-31] an invite whose server is gone: nobody could be reached', async () => {
  const scene = new Scene()
  const place = { topic: TOPIC, timestamp: Date.now(), host: '127.0.0.1', port: await freePort() }
  const endpoints = [await signEndpoint(place, await KeyPair.generate(), sha256)]
  const topic = requireTopic(TOPIC)
  const text = formatInvite({ topic, validUntil: Date.now() + 3_600_000, endpoints }, sha256)
  const get = scene.plain('get', 'a', '--invite', text, '--no-dht', '--no-lan', '--timeout', '1500')
  expect((await get.ended).code).toBe(1)
  expect(get.stderr).toMatch(/no server of the topic "e2e-invite" could be reached/)
})
