import { SECOND } from '@shoal/base'
import { writtenValue } from '@shoal/tool-db/core'
import { expect, test } from 'vitest'
import type { DatabaseHost } from '../../src/database/database-host.ts'
import { DatabaseWorld } from '../../src/database/database-world.ts'

function federation(isEncrypted = false) {
  const database = new DatabaseWorld({ seed: 1, isEncrypted })
  const add = (name: string, isServer: boolean): DatabaseHost =>
    database.add(
      { name, isServer, durability: 'sync', writeDelay: 5, hasDisk: isServer, mischief: undefined },
      { skew: 0 },
    )
  const [one, two, client] = [add('one', true), add('two', true), add('client', false)]
  for (const host of database.hosts) database.start(host)
  database.world.advance(5 * SECOND)
  const put = (host: DatabaseHost, value: number): number =>
    database.command(host, {
      kind: 'put',
      key: 'k',
      value: writtenValue(value),
      author: { signer: 'user', address: host.user.address },
      confirm: 2,
      timeout: 5 * SECOND,
    })
  return { database, one, two, client, put, held: (host: DatabaseHost) => host.disk.get('k')?.value }
}

test('[H-34] nodes meet, write, and have what was written; a disk that is kept is there after a crash, a memory is not', () => {
  const { database, one, two, client, put, held } = federation()
  put(client, 7)
  database.world.advance(SECOND)
  for (const host of [one, two, client]) expect(held(host)).toContain('"v":7')
  for (const host of [one, client]) database.stop(host, 'power')
  expect(held(one)).toContain('"v":7')
  expect(held(client)).toBeUndefined()
})

test('[H-34] a disk that fails is an error for the node, a check that breaks the run off is none', () => {
  const { database, one, client, put, held } = federation()
  one.disk.isFailing = true
  put(client, 1)
  expect(() => database.world.advance(SECOND)).not.toThrow()
  expect(held(one)).toBeUndefined()
  database.observe({
    handleCommitted: () => {
      throw new Error('a promise is broken')
    },
  })
  put(client, 2)
  expect(() => database.world.advance(SECOND)).toThrow('a promise is broken')
})

test('[H-34] what comes for a host that is frozen waits, and is handled when it goes on', () => {
  const { database, one, client, put, held } = federation()
  database.freeze(one)
  put(client, 3)
  database.world.advance(2 * SECOND)
  expect(held(one)).toBeUndefined()
  database.thaw(one)
  database.world.advance(SECOND)
  expect(held(one)).toContain('"v":3')
})

test('[H-35] in an encrypted world everything but handshakes goes over the network sealed, whoever is frozen meanwhile, and is seen open', () => {
  const { database, one, two, client, put, held } = federation(true)
  const said: string[] = []
  database.observe({ handleReceived: (_host, _channel, text) => said.push(text) })
  for (const host of [one, two, client]) {
    const stats = host.host.machine?.node.stats()
    expect(stats?.['now.peers']).toBe(2)
    expect(stats?.['now.peers-encrypted']).toBe(2)
  }
  database.freeze(two)
  put(client, 7)
  database.world.advance(SECOND)
  expect(held(two)).toBeUndefined()
  database.thaw(two)
  database.world.advance(SECOND)
  for (const host of [one, two, client]) expect(held(host)).toContain('"v":7')
  expect(said.some((text) => text.includes('"type":"put"'))).toBe(true)
  // One that starts again while another is frozen: the handshake itself has to wait.
  database.stop(one, 'process')
  database.freeze(two)
  database.start(one)
  database.world.advance(3 * SECOND)
  database.thaw(two)
  database.world.advance(60 * SECOND)
  expect(one.host.machine?.node.stats()['now.peers-encrypted']).toBe(2)
})
