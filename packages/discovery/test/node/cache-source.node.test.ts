import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoint } from '@shoal/base'
import type { DialOutcome } from '@shoal/peer'
import { expect, onTestFinished, test } from 'vitest'
import { Discovery } from '../../src/index.ts'

const HERE = { host: '127.0.0.1', port: 9_001 }
const THERE = { host: '45.11.7.1', port: 9_002 }
const UP: DialOutcome = { kind: 'connected', peerId: 'a', proven: true }

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'shoal-cache-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

/** One run of a program with nothing but the cache: what it is proposed at once, and what it reports then. */
async function run(
  file: string,
  reports: readonly (readonly [Endpoint, DialOutcome])[] = [],
): Promise<{ found: string[]; warnings: string[] }> {
  const discovery = new Discovery({ sources: { cache: { file } } })
  const warnings: string[] = []
  discovery.on('warning', (sentence) => warnings.push(sentence))
  const session = discovery.join('cached')
  const found: string[] = []
  const reading = (async () => {
    for await (const { host, port, source } of session) found.push(`${source} ${host}:${port}`)
  })()
  for (const [endpoint, outcome] of reports) session.report(endpoint, outcome)
  await new Promise((resolve) => setImmediate(resolve))
  await discovery.close()
  await reading
  return { found, warnings }
}

test('[S-71] a peer that was proven is a candidate of the next run; plain, failed and duplicate ones are not', async () => {
  const file = join(folder(), 'made', 'peers.json')
  const first = await run(file, [
    [HERE, UP],
    [THERE, UP],
    [
      { host: '45.11.7.2', port: 1 },
      { kind: 'connected', peerId: 'b', proven: false },
    ],
    [
      { host: '45.11.7.3', port: 1 },
      { kind: 'failed', reason: '' },
    ],
    [
      { host: '45.11.7.4', port: 1 },
      { kind: 'duplicate', peerId: 'a' },
    ],
    [{ host: 'localhost', port: 1 }, UP],
  ])
  expect(first).toEqual({ found: [], warnings: [] })
  expect((await run(file)).found.sort()).toEqual(['cache 127.0.0.1:9001', 'cache 45.11.7.1:9002'])
})

test('[S-71] where somebody else answers, or we do, nothing is remembered any more', async () => {
  const file = join(folder(), 'peers.json')
  await run(file, [
    [HERE, UP],
    [THERE, UP],
  ])
  await run(file, [
    [HERE, { kind: 'self' }],
    [THERE, { kind: 'refused', reason: 'other topic' }],
  ])
  expect((await run(file)).found).toEqual([])
})

test.each([
  ['cut short', '{"format":"shoal-peer-cache","ver'],
  ['another program’s', '{"format":"shoal-dht-state","version":1,"nodes":[]}'],
  ['a place that nobody can have', entry('["0.0.0.0",1,1700000000000,0]')],
  ['a name', entry('["example.com",1,1700000000000,0]')],
  ['a wrong port', entry('["45.11.7.1",0,1700000000000,0]')],
  ['a wrong time', entry('["45.11.7.1",1,"x",0]')],
  ['a wrong count', entry('["45.11.7.1",1,1700000000000,-1]')],
  ['a wrong topic', '{"format":"shoal-peer-cache","version":1,"topics":{"__proto__x":[]}}'],
  ['topics that are none', '{"format":"shoal-peer-cache","version":1,"topics":[]}'],
])('[S-73] a damaged file (%s) is set aside with a warning, and the node goes on', async (_what, text) => {
  const path = folder()
  const file = join(path, 'peers.json')
  writeFileSync(file, text)
  const { warnings } = await run(file, [[HERE, UP]])
  expect(warnings).toEqual([expect.stringContaining('set aside')])
  expect(readdirSync(path)).toHaveLength(2)
  expect((await run(file)).found).toEqual(['cache 127.0.0.1:9001'])
})

test('[S-73] a file of a later version is an error for whoever started us, and stays as it is', () => {
  const file = join(folder(), 'peers.json')
  writeFileSync(file, '{"format":"shoal-peer-cache","version":2}')
  expect(() => new Discovery({ sources: { cache: { file } } })).toThrow(/later version/)
  expect(readFileSync(file, 'utf8')).toContain('2')
})

test('[S-73] a file that cannot be written is one warning, and the node goes on', async () => {
  const path = folder()
  writeFileSync(join(path, 'in-the-way'), '')
  const file = join(path, 'in-the-way', 'peers.json')
  const { warnings } = await run(file, [
    [HERE, UP],
    [THERE, UP],
  ])
  expect(warnings).toEqual([expect.stringContaining('could not be written')])
})

test('[S-46] a cache without a file is refused', () => {
  expect(() => new Discovery({ sources: { cache: {} as never } })).toThrow(/file/)
  expect(() => new Discovery({ sources: { cache: { file: 'x', size: 1 } as never } })).toThrow(/"size"/)
})

function entry(text: string): string {
  return `{"format":"shoal-peer-cache","version":1,"topics":{"${'ab'.repeat(20)}":[${text}]}}`
}
