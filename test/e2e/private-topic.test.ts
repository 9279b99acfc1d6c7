/** A private topic on real processes: who has the secret meets over a DHT, who has not is told nothing, and nothing shows it. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseInvite, requireTopic } from '@shoal/peer'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

test('[Q-10] [Q-11] a private topic is made, served and used; nothing that is printed or kept holds the secret', async () => {
  const scene = new Scene()
  const made = scene.shoal('topic', 'new', '--private')
  const topic = String((await made.event('result'))['topic'])
  expect(topic).toMatch(/^shoal:private:[0-9a-f]{64}$/)
  const secret = topic.slice('shoal:private:'.length)
  const bootstrap = await scene.testnet(8)
  const file = scene.path('topic')
  writeFileSync(file, `${topic}\n`, { mode: 0o600 })
  const meet = ['--topic-file', file, '--bootstrap', bootstrap, '--log-level', 'debug']
  // With the store where it lies if nobody says: its name must not say what it is of.
  const server = scene.shoal('serve', '--port', '0', ...meet)
  const here = await server.event('listening', { topic: requireTopic(topic).publicId })
  await server.event('announced')
  const put = scene.shoal('put', 'a', '1', ...meet)
  expect(await put.event('result')).toMatchObject({ sent: 1, confirmed: 1 })
  const find = scene.shoal('find', '--topic-file', file, '--bootstrap', bootstrap, '--count', '1')
  expect(await find.event('peer')).toMatchObject({ port: here['port'], proven: true })
  // Others do not get in, with a secret of their own or by the name alone.
  const other = scene.shoal(
    'get',
    'a',
    '--topic',
    `shoal:private:${'0123456789abcdef'.repeat(4)}`,
    '--no-dht',
    '--peer',
    `127.0.0.1:${here['port']}`,
    '--timeout',
    '3000',
  )
  expect((await other.ended).code).toBe(1)
  await server.stop()
  const programs = [server, put, find, other]
  for (const program of programs) expect(program.stdout + program.stderr).not.toContain(secret)
  for (const { path, text } of everything(scene.path('data'))) {
    expect(path).not.toContain(secret)
    expect(text.includes(secret)).toBe(false)
  }
})

test('[Q-12] an invite to a private topic holds its secret, and says so', async () => {
  const scene = new Scene()
  const made = scene.shoal('topic', 'new', '--private')
  const topic = String((await made.event('result'))['topic'])
  const bootstrap = await scene.testnet(4)
  const server = scene.shoal('serve', '--topic', topic, '--port', '0', '--store', 'memory', '--bootstrap', bootstrap)
  await server.event('announced')
  const invite = scene.shoal('invite', '--topic', topic, '--bootstrap', bootstrap)
  const { invite: text, ...shown } = await invite.event('result')
  await invite.says(/holds the secret/)
  expect(JSON.stringify(shown)).not.toContain(topic.slice(-64))
  const parsed = parseInvite(text, { now: Date.now(), sha256 })
  expect(parsed.kind === 'invite' && parsed.invite.topic.publicId).toBe(requireTopic(topic).publicId)
  const get = scene.shoal('keys', '', '--invite', String(text), '--no-dht')
  expect(await get.event('result')).toMatchObject({ keys: [] })
})

test('[Q-13] a secret that is too short is a usage mistake that does not repeat it', async () => {
  const scene = new Scene()
  const wrong = scene.shoal('serve', '--topic', 'shoal:private:hunter2', '--port', '0')
  expect((await wrong.ended).code).toBe(2)
  expect(wrong.stderr).toMatch(/topic new --private/)
  expect(wrong.stderr).not.toContain('hunter2')
})

function everything(folder: string): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    return entry.isFile() ? [{ path, text: readFileSync(path, 'latin1') }] : [{ path, text: '' }]
  })
}
