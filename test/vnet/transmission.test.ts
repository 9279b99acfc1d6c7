/** Two transmission daemons that know only twelve of our DHT nodes, and a magnet link. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { PeerProcess } from '../interop/peer-process.ts'
import { testNeeding } from '../support/requirements.ts'
import { type Stats, startNodes } from './dht-nodes.ts'
import { createTorrent, TRANSMISSION, Transmission } from './transmission.ts'
import { VNET, Vnet } from './vnet.ts'

/** jech/dht announces only where it knows more than eight nodes. */
const NODES = 12

testNeeding(...VNET, ...TRANSMISSION)(
  '[V-4] a magnet link’s content goes from one transmission to another that met through our nodes alone',
  { timeout: 120_000 },
  async () => {
    const vnet = new Vnet(NODES + 2)
    const folder = mkdtempSync(join(tmpdir(), 'shoal-vnet-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const [seeds, downloads] = [join(folder, 'seeds'), join(folder, 'downloads')] as const
    for (const made of [seeds, downloads]) mkdirSync(made)
    const content = randomBytes(200_000)
    writeFileSync(join(seeds, 'content'), content)
    const torrent = join(folder, 'content.torrent')
    const hash = createTorrent(join(seeds, 'content'), torrent)

    const nodes = vnet.hosts.slice(0, NODES)
    const ours = await startNodes(nodes, 5)
    const seeder = new Transmission(vnet.host(NODES), join(folder, 'a'), { downloads: seeds, nodes })
    const leecher = new Transmission(vnet.host(NODES + 1), join(folder, 'b'), { downloads, nodes })
    await seeder.add(torrent)
    await firstAnnounce(ours)
    // It searches once, when it is told the link.
    await leecher.add(`magnet:?xt=urn:btih:${hash}`)
    await appears(downloads, 'content')
    expect(readFileSync(join(downloads, 'content')).equals(content)).toBe(true)
  },
)

/** Until one of our nodes stores a peer; asked over pipes, so that nothing but the daemons is on the wire. */
async function firstAnnounce(nodes: readonly PeerProcess[]): Promise<void> {
  for (;;) {
    const stats = await Promise.all(nodes.map((node) => node.call<Stats>('stats')))
    if (stats.some(({ peers }) => peers > 0)) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A file has its name once it is complete. */
async function appears(folder: string, name: string): Promise<void> {
  const watcher = watch(folder)
  onTestFinished(() => watcher.close())
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (existsSync(join(folder, name))) resolve()
    }
    watcher.on('change', look)
    look()
  })
}
