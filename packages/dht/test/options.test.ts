import { UsageError } from '@shoal/base'
import { expect, test } from 'vitest'
import { Dht } from '../src/index.ts'

/** As a caller from JavaScript would. */
const make = (options: unknown): Dht => new Dht(options as object)

test.each([
  ['no object', null],
  ['a text', '127.0.0.1:1'],
  ['a list', []],
  ['no list of nodes, as bittorrent-dht takes it', { bootstrap: false }],
  ['one node that is no list', { bootstrap: '127.0.0.1:1' }],
  ['a host that is no text', { host: 5 }],
  ['a port that is a bigint', { port: 80n }],
  ['a signal that is none', { signal: {} }],
  ['limits that are none', { limits: 'none' }],
  ['a limit that there is not', { limits: { peerMax: 5 } }],
])('[D-83] options that are wrong are refused before anything is opened: %s', (_, options) => {
  const before = process.getActiveResourcesInfo().length
  expect(() => make(options)).toThrow(UsageError)
  expect(process.getActiveResourcesInfo().length).toBe(before)
})

test('[D-83] a callback or a port in the place of options is refused: what was meant by it would not happen', async () => {
  const dht = new Dht({ bootstrap: [], host: '127.0.0.1' })
  const hash = '11'.repeat(20)
  const wrong = (what: unknown): object => what as object
  try {
    await expect(dht.announce(hash, wrong(6_881))).rejects.toThrow('must be an object, not 6881')
    await expect(
      dht.get(
        hash,
        wrong(() => {}),
      ),
    ).rejects.toThrow('must be an object, not a function')
    await expect(dht.scrape(hash, wrong(null))).rejects.toThrow(UsageError)
    await expect(dht.ping('127.0.0.1:1', wrong('x'))).rejects.toThrow(UsageError)
    await expect(dht.sample('127.0.0.1:1', hash, wrong(1))).rejects.toThrow(UsageError)
    await expect(dht.put(undefined as unknown as { value: string })).rejects.toThrow(UsageError)
    expect(() =>
      dht.lookup(
        hash,
        wrong(() => {}),
      ),
    ).toThrow(UsageError)
    expect(() => dht.lookup(5n as unknown as string)).toThrow('not 5')
  } finally {
    await dht.close()
  }
})

test('[D-85] a signer that never signs holds up neither the signal nor the end of the node', async () => {
  const dht = new Dht({ bootstrap: [], host: '127.0.0.1' })
  const key = { publicKey: new Uint8Array(32), sign: () => new Promise<Uint8Array>(() => {}) }
  const aborted = dht.put({ value: 'x', key, signal: AbortSignal.timeout(20) })
  await expect(aborted).rejects.toThrow('aborted by its signal')
  const open = dht.put({ value: 'x', key })
  const refused = expect(open).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  await dht.close()
  await refused
})

test('[D-85] one signal may end as many nodes and operations as one likes, without a warning', async () => {
  const warnings: Error[] = []
  const take = (warning: Error): void => void warnings.push(warning)
  process.on('warning', take)
  const control = new AbortController()
  const { signal } = control
  const nodes = Array.from({ length: 12 }, () => new Dht({ bootstrap: [], host: '127.0.0.1', signal }))
  const [dht] = nodes as [Dht]
  const pings = Array.from({ length: 30 }, () => dht.ping('127.0.0.1:9', { signal }))
  const ended = Promise.all(pings.map((ping) => expect(ping).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })))
  await dht.listening
  control.abort()
  await ended
  for (const node of nodes) await expect(node.announce('11'.repeat(20))).rejects.toMatchObject({ code: 'SHOAL_CLOSED' })
  await Promise.all(nodes.map((node) => node.close()))
  process.off('warning', take)
  expect(warnings).toEqual([])
})
