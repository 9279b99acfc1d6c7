/** What a server does with its store: damage, and how it is told. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LevelDbStore } from '@shoal/tool-db'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const TOPIC = 'e2e-store'
const ALONE = ['--no-dht', '--no-lan', '--bind', '127.0.0.1', '--durability', 'sync']

test('[C-81] a server killed while its log is being damaged starts with all other records, and tells of the damage', async () => {
  const scene = new Scene()
  const store = scene.path('store')
  const first = await scene.server(TOPIC, 'none', ...ALONE, '--store', store)
  const peer = ['--topic', TOPIC, '--no-dht', '--no-lan', '--peer', `127.0.0.1:${first.here['port']}`]
  for (const key of ['a', 'b']) {
    expect(await scene.shoal('put', key, '1', ...peer).event('result')).toMatchObject({ confirmed: 1 })
  }
  first.program.kill('SIGKILL')
  await first.program.ended
  const log = join(store, readdirSync(store).find((name) => name.endsWith('.log')) as string)
  const bytes = readFileSync(log)
  bytes[bytes.length - 10] = (bytes[bytes.length - 10] as number) ^ 1
  writeFileSync(log, bytes)

  const second = await scene.server(TOPIC, 'none', ...ALONE, '--store', store)
  const told = await second.program.event('store', { state: 'damaged' })
  expect(told).toMatchObject({ files: [expect.stringMatching(/\.log is damaged at byte \d+$/)], isRebuilt: false })
  await second.program.says(/the store was damaged .* check the disk/)
  expect(existsSync(join(String(told['setAside']), 'REPORT'))).toBe(true)
  const again = ['--topic', TOPIC, '--no-dht', '--no-lan', '--peer', `127.0.0.1:${second.here['port']}`]
  expect(await scene.shoal('get', 'a', ...again).event('result')).toMatchObject({ found: true, value: 1 })
  expect(await scene.shoal('get', 'b', ...again).event('result')).toMatchObject({ found: false })
})

test('[C-81] a record that was changed behind its checksum is told, and fetched again from another server', async () => {
  const scene = new Scene()
  const [store, copy, file] = [scene.path('store'), scene.path('copy'), scene.path('records')]
  const writer = await scene.server(TOPIC, 'none', ...ALONE, '--store', store)
  const peer = ['--topic', TOPIC, '--no-dht', '--no-lan', '--peer', `127.0.0.1:${writer.here['port']}`]
  for (const key of ['a', 'b']) {
    expect(await scene.shoal('put', key, '1', ...peer).event('result')).toMatchObject({ confirmed: 1 })
  }
  await writer.program.stop()
  // The same records, and another server.
  await scene.shoal('export', file, '--topic', TOPIC, '--store', store).event('result')
  await scene.shoal('import', file, '--topic', TOPIC, '--store', copy).event('result')
  const rows = new LevelDbStore(store)
  const [row] = await rows.readMany(['a'])
  const value = JSON.stringify({ ...(JSON.parse(row?.value ?? '') as object), v: 'changed' })
  await rows.commit([{ kind: 'set', key: 'a', value }], new Map(), 'sync')
  await rows.close()

  const other = await scene.server(TOPIC, 'none', ...ALONE, '--store', copy)
  const joins = ['--peer', `127.0.0.1:${other.here['port']}`, '--scrub', '1']
  const third = await scene.server(TOPIC, 'none', ...ALONE, '--store', store, ...joins)
  await third.program.event('store', { state: 'record-damaged', key: 'a', damage: 'content' })
  await third.program.event('store', { state: 'checked', damaged: 1, complete: true })
  await third.program.says(/the stored record "a" is not as its author signed it/)
  const at = ['--topic', TOPIC, '--no-dht', '--no-lan', '--peer', `127.0.0.1:${third.here['port']}`]
  await scene.shoal('watch', 'a', ...at).event('update', { key: 'a', value: 1 })
})
