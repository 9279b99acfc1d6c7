/** `shoal export` and `shoal import`, beside a server and without one. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const TOPIC = 'e2e-backup'
const ALONE = ['--no-dht', '--no-lan', '--bind', '127.0.0.1']

test('[C-82] [C-83] a store is exported while it is served, checked, and imported into a stopped and a running server', async () => {
  const scene = new Scene()
  const { here } = await scene.server(TOPIC, 'none', ...ALONE, '--store', scene.path('a'))
  const peer = ['--topic', TOPIC, '--no-dht', '--no-lan', '--peer', `127.0.0.1:${here['port']}`]
  await scene.shoal('put', 'hello', '{"from":"a"}', ...peer).ended

  const file = scene.path('a.export')
  const exported = scene.shoal('export', file, '--topic', TOPIC, '--store', scene.path('a'))
  expect(await exported.event('result')).toEqual({
    event: 'result',
    file,
    records: 1,
    bytes: readFileSync(file).length,
    topic: TOPIC,
  })
  expect(await exported.ended).toEqual({ code: 0, signal: null })
  const twice = scene.shoal('export', file, '--store', scene.path('a'))
  await twice.says(/is there already: choose another name/)
  expect((await twice.ended).code).toBe(1)

  const whole = { source: file, records: 1, stored: 1, held: 0, refused: {}, damaged: 0, complete: true, topic: TOPIC }
  const stopped = scene.shoal('import', file, '--topic', TOPIC, '--store', scene.path('b'))
  expect(await stopped.event('result')).toEqual({ event: 'result', ...whole })
  expect((await stopped.ended).code).toBe(0)

  const c = await scene.server(TOPIC, 'none', ...ALONE, '--store', scene.path('c'))
  const running = scene.shoal('import', scene.path('b'), '--topic', TOPIC, '--store', scene.path('c'))
  expect(await running.event('result')).toEqual({ event: 'result', ...whole, source: scene.path('b'), topic: null })
  expect((await running.ended).code).toBe(0)
  const there = ['--topic', TOPIC, '--no-dht', '--no-lan', '--peer', `127.0.0.1:${c.here['port']}`]
  expect(await scene.shoal('get', 'hello', ...there).event('result')).toMatchObject({ value: { from: 'a' } })
  await c.program.stop()
  expect(existsSync(`${scene.path('c')}.sock`)).toBe(false)
})

test('[C-83] an import tells what is cut, missing, of another topic, or no export', async () => {
  const scene = new Scene()
  const target = ['--topic', TOPIC, '--store', scene.path('store')]
  const missing = scene.shoal('import', scene.path('nothing'), ...target)
  await missing.says(/is not there: give a file of shoal export, or a store's directory/)
  expect((await missing.ended).code).toBe(1)

  writeFileSync(scene.path('text'), 'hello\n')
  const none = scene.shoal('import', scene.path('text'), ...target)
  await none.says(/no export of shoal/)
  expect((await none.ended).code).toBe(1)

  writeFileSync(scene.path('cut'), '{"shoal":"export","version":1,"topic":"other","time":1}\n')
  const cut = scene.shoal('import', scene.path('cut'), ...target)
  expect(await cut.event('result')).toMatchObject({ records: 0, complete: false, topic: 'other' })
  await cut.says(/is cut or damaged/)
  expect((await cut.ended).code).toBe(1)

  const nowhere = scene.shoal('export', scene.path('out'), '--store', scene.path('no-store'))
  await nowhere.says(/there is no store in/)
  expect((await nowhere.ended).code).toBe(1)
  expect(existsSync(scene.path('no-store'))).toBe(false)
})
