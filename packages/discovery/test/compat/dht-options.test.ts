import { expect, test } from 'vitest'
import { toDhtOptions } from '../../src/compat/dht-options.ts'

test('[S-70] bootstrap and nodes are taken in every form that bittorrent-dht takes', () => {
  expect(toDhtOptions({})).toEqual({})
  expect(toDhtOptions({ bootstrap: true })).toEqual({})
  expect(toDhtOptions({ bootstrap: false })).toEqual({ bootstrap: [] })
  expect(toDhtOptions({ bootstrap: [] })).toEqual({ bootstrap: [] })
  expect(toDhtOptions({ bootstrap: '127.0.0.1:6881' })).toEqual({ bootstrap: ['127.0.0.1:6881'] })
  expect(toDhtOptions({ bootstrap: { host: 'a.example', port: 1 } })).toEqual({ bootstrap: ['a.example:1'] })
  expect(toDhtOptions({ bootstrap: ['a.example:1', { host: '::1', port: 2 }] })).toEqual({
    bootstrap: ['a.example:1', '[::1]:2'],
  })
  expect(toDhtOptions({ nodes: ['a.example:1'], bootstrap: ['b.example:1'] })).toEqual({ bootstrap: ['a.example:1'] })
  for (const bad of [[7], [null], [{}]]) {
    expect(() => toDhtOptions({ bootstrap: bad as unknown as string[] })).toThrow(
      expect.objectContaining({ code: 'SHOAL_USAGE' }),
    )
  }
})

test('[S-70] the node id is handed on, what means nothing to us is not', () => {
  const nodeId = Buffer.alloc(20, 7)
  expect(toDhtOptions({ nodeId, maxTables: 7, concurrency: 3, verify: () => true, interval: 9 })).toEqual({ nodeId })
  expect(toDhtOptions({ id: '07'.repeat(20) })).toEqual({ nodeId: '07'.repeat(20) })
})
