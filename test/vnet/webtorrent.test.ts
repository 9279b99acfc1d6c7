/** Two programs of npm webtorrent that know only one of our DHT nodes, and a magnet link. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { type PeerProcess, startPeerIn } from '../interop/peer-process.ts'
import { testNeeding } from '../support/requirements.ts'
import { bootstrapOf, startNodes } from './dht-nodes.ts'
import { type Host, VNET, Vnet } from './vnet.ts'

const NODES = 6

testNeeding(...VNET)(
  '[V-5] a magnet link’s content goes from one webtorrent to another that met through our nodes alone',
  { timeout: 60_000 },
  async () => {
    const vnet = new Vnet(NODES + 2)
    const folder = mkdtempSync(join(tmpdir(), 'shoal-vnet-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    await startNodes(vnet.hosts.slice(0, NODES), NODES - 2)
    const start = async (host: Host): Promise<PeerProcess> => {
      const options = { bootstrap: [bootstrapOf(vnet.host(0))], folder: join(folder, host.namespace) }
      const peer = startPeerIn(host.namespace, 'npm-webtorrent', options)
      await peer.event('ready')
      return peer
    }
    const [seeder, leecher] = await Promise.all([start(vnet.host(NODES)), start(vnet.host(NODES + 1))])
    const { infoHash } = await seeder.call<{ infoHash: string }>('seed', 'swimming together')
    await seeder.event('announced')
    expect(await leecher.call('download', infoHash)).toEqual({ text: 'swimming together' })
  },
)
