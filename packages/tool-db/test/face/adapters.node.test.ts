/** Adapters of other people's making, passed as tool-db takes them. */

import { expect, test } from 'vitest'
import type { NetworkAdapterConstructor, StorageAdapterConstructor } from '../../src/options.ts'
import { ToolDbStorageAdapter } from '../../src/store/storage-adapter.ts'
import { ToolDb } from '../../src/tool-db.ts'
import { ToolDbUserAdapter } from '../../src/users/user-adapter.ts'
import { type Hub, hubAdapterOn, NPM_BASE, OUR_BASE } from '../network/hub-adapter.ts'
import { connected, placeOf, server, started, until } from './world.ts'

/** Rows in maps by storage name, which outlive the adapter. */
function mapStorage(): { rows: Map<string, Map<string, string>>; storageAdapter: StorageAdapterConstructor } {
  const rows = new Map<string, Map<string, string>>()
  class MapStorage extends ToolDbStorageAdapter {
    get #own(): Map<string, string> {
      const own = rows.get(this.storageName) ?? new Map<string, string>()
      rows.set(this.storageName, own)
      return own
    }
    override async put(key: string, data: string): Promise<void> {
      this.#own.set(key, data)
    }
    override async get(key: string): Promise<string> {
      const data = this.#own.get(key)
      if (data === undefined) throw new Error('nothing there')
      return data
    }
    override async query(prefix: string): Promise<string[]> {
      return [...this.#own.keys()].filter((key) => key.startsWith(prefix))
    }
  }
  return { rows, storageAdapter: MapStorage }
}

test('[T-91] a storage adapter holds records as tool-db writes them, and the peer key in a store of its own', async () => {
  const { rows, storageAdapter } = mapStorage()
  const a = await server({ store: undefined, storageAdapter, storageName: 'mine' })
  expect(a.store).toBeInstanceOf(ToolDbStorageAdapter)
  const client = await started({ peers: [placeOf(a)] })
  await connected(client)
  const { data } = await client.putData('k', [1, 2], false, { confirm: 1 })
  expect(JSON.parse(rows.get('mine')?.get('k') ?? '')).toEqual(data)
  expect(await a.queryKeys('')).toEqual(['k'])
  expect([...(rows.get('_____peer_mine')?.keys() ?? [])]).toEqual(['%default-peer%'])
  const address = a.peerAccount.getAddress()
  await a.close()
  const again = await server({ store: undefined, storageAdapter, storageName: 'mine' })
  expect(again.peerAccount.getAddress()).toBe(address)
})

test('[T-91] a user adapter of any kind of key signs and checks for peers and users', async () => {
  class LetterUser extends ToolDbUserAdapter {
    #address = ''
    override async anonUser(): Promise<void> {
      this.#address = Array.from({ length: 40 }, () => 'abcdef'.charAt(Math.floor(Math.random() * 6))).join('')
    }
    override async setUser(account: unknown): Promise<void> {
      this.#address = account as string
    }
    override async encryptAccount(): Promise<unknown> {
      if (this.#address === '') await this.anonUser()
      return this.#address
    }
    override async decryptAccount(account: unknown): Promise<unknown> {
      return account
    }
    override async signData(text: string): Promise<string> {
      return Buffer.from(`${this.#address}${text}`).toString('hex').slice(0, 200)
    }
    override async verifySignature({ h, a, s }: { h?: string; a?: string; s?: string }): Promise<boolean> {
      return Buffer.from(`${a}${h}`).toString('hex').slice(0, 200) === s
    }
    override getAddress(): string {
      return this.#address
    }
  }
  const a = await server({ userAdapter: LetterUser })
  const client = await started({ userAdapter: LetterUser, peers: [placeOf(a)] })
  await connected(client)
  expect(client.peers[0]).toMatchObject({ proven: true, peerId: a.peerAccount.getAddress() })
  await client.putData('mine', 1, true, { confirm: 1 })
  expect(await a.getData(`:${client.userAccount.getAddress()}.mine`)).toBe(1)
})

for (const [name, base] of [
  ['ours', OUR_BASE],
  ['npm tool-db’s', NPM_BASE],
] as const) {
  test(`[T-91] a network adapter on ${name} base class carries a server and a client that proves it`, async () => {
    const hub: Hub = new Map()
    const Adapter = hubAdapterOn(base)
    const networkAdapter = class extends Adapter {
      // biome-ignore lint/suspicious/noExplicitAny: adapters written for tool-db type their database as tool-db's own
      constructor(db: any) {
        super(db, hub)
      }
    } as unknown as NetworkAdapterConstructor
    const a = await started({ server: true, port: 7_777, host: '127.0.0.1', store: 'memory', networkAdapter })
    const client = await started({ networkAdapter })
    client.network.connectTo('127.0.0.1', 7_777)
    await connected(client)
    expect(client.peers[0]).toMatchObject({ peerId: a.peerAccount.getAddress(), proven: true })
    await client.putData('k', 1, false, { confirm: 1 })
    expect(await a.getData('k')).toBe(1)
    const [send] = Object.values(a.network.clientToSend)
    expect(typeof send).toBe('function')
    hub.get(7_777)?.cutAll(false)
    await until(() => a.peers.length === 1)
    expect(client).toBeInstanceOf(ToolDb)
  })
}
