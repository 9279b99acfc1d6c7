/** The contract of tool-db's network adapters, on either base class. */

import { test } from 'vitest'
import type { NetworkAdapterHost } from '../../src/network/network-adapter.ts'
import type { NetworkAdapterConstructor } from '../../src/options.ts'
import { networkAdapterContract } from '../../src/testing/index.ts'
import { type Hub, hubAdapterOn, NPM_BASE, OUR_BASE } from './hub-adapter.ts'

const hub: Hub = new Map()
let port = 7_000

for (const [name, base] of [
  ['an adapter on our base class', OUR_BASE],
  ['an adapter on npm tool-db’s base class', NPM_BASE],
] as const) {
  const Adapter = hubAdapterOn(base)
  class Adapted extends Adapter {
    constructor(db: NetworkAdapterHost) {
      super(db, hub)
    }
  }
  networkAdapterContract({
    test,
    name,
    networkAdapter: Adapted as unknown as NetworkAdapterConstructor,
    place: async () => ({ host: '127.0.0.1', port: port++ }),
  })
}
