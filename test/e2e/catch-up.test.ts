/** Servers that missed something, on real processes and real disks. */
import { expect, test } from 'vitest'
import { freePort, Scene } from './scene.ts'

const TOPIC = 'e2e-catch-up'
const PRIVATE = ['--no-dht', '--no-lan']

test('[C-56] a server that joins later has what was written before, names too, and one that was away what it missed', async () => {
  const scene = new Scene()
  const port = String(await freePort())
  const first = await scene.server(TOPIC, 'none', ...PRIVATE, '--port', port)
  const at = (of: string): string[] => ['--topic', TOPIC, ...PRIVATE, '--peer', `127.0.0.1:${of}`]
  for (const [key, value] of [
    ['one', '1'],
    ['two', '"zwei"'],
    ['==name', '"mine"'],
  ] as const) {
    await scene.shoal('put', key, value, ...at(port)).event('result', { confirmed: 1 })
  }
  const later = String(await freePort())
  const joins = [...PRIVATE, '--peer', `127.0.0.1:${port}`, '--port', later, '--store', scene.path('later')]
  const second = await scene.server(TOPIC, 'none', ...joins)
  // A client that knows only the second sees each of them come.
  for (const [key, value] of [
    ['one', 1],
    ['two', 'zwei'],
    ['==name', 'mine'],
  ] as const) {
    await scene.shoal('watch', key, ...at(later)).event('update', { key, value })
  }

  second.program.kill('SIGKILL')
  await second.program.ended
  await scene.shoal('put', 'three', '3', ...at(port)).event('result', { confirmed: 1 })
  await scene.shoal('put', 'one', '11', ...at(port)).event('result', { confirmed: 1 })
  const back = await scene.server(TOPIC, 'none', ...joins)
  expect(back.here['peerId']).toBe(second.here['peerId'])
  await scene.shoal('watch', 'three', ...at(later)).event('update', { value: 3 })
  await scene.shoal('watch', 'one', ...at(later)).event('update', { value: 11 })
  expect(await first.program.stop()).toEqual({ code: 0, signal: null })
  await scene.shoal('get', 'three', ...at(later)).event('result', { found: true, value: 3 })
})
