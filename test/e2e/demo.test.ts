/** What a newcomer sees first. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Scene } from './scene.ts'

const STEPS = [
  'dht',
  'announced',
  'found',
  'connected',
  'proved',
  'written through A',
  'read from B',
  'A killed',
  'still readable',
]

test('[C-50] the demo tells its story and ends by itself with exit code 0, leaving nothing', async () => {
  const scene = new Scene()
  const demo = scene.shoal('demo')
  expect(await demo.ended, demo.tail).toEqual({ code: 0, signal: null })
  expect(demo.all('step').map((line) => line['name'])).toEqual(STEPS)
  expect(demo.lines.at(-1)).toEqual({ event: 'done', ms: expect.any(Number) })
  const times = demo.lines.map((line) => Number(line['ms']))
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(demo.stderr).toBe('')
  expect(readdirSync(scene.path('tmp'))).toEqual([])
})

test('[C-50] stopped in the middle it takes its processes with it', async () => {
  const scene = new Scene()
  const demo = scene.shoal('demo')
  const dht = await demo.event('step', { name: 'dht' })
  expect(dht['ms']).toBeGreaterThan(0)
  demo.kill('SIGINT')
  expect(await demo.ended).toEqual({ code: 0, signal: null })
  expect(readdirSync(scene.path('tmp'))).toEqual([])
})
