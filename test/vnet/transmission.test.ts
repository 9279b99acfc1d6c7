/** Transmission daemons, two that speak IPv4 and two that speak IPv6; all they know is twelve of our DHT nodes, and magnet links. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { PeerProcess } from '../interop/peer-process.ts'
import { testNeeding } from '../support/requirements.ts'
import { type Family, type Stats, startNodes } from './dht-nodes.ts'
import { createTorrent, TRANSMISSION, Transmission } from './transmission.ts'
import { type Host, VNET, Vnet } from './vnet.ts'

/** jech/dht announces only where it knows more than eight nodes. */
const NODES = 12
/** Transmission looks for the peers of each torrent at a moment of its own choice within 20 s, and announces as long after that. */
const TORRENTS = ['a', 'b', 'c', 'd', 'e'] as const

testNeeding(...VNET, ...TRANSMISSION)(
  '[V-4, V-8] magnet links’ content goes from one transmission to another that met through our nodes alone, over IPv4 and over IPv6',
  { timeout: 120_000 },
  async () => {
    const vnet = new Vnet(NODES + 4)
    const folder = mkdtempSync(join(tmpdir(), 'shoal-vnet-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const nodes = vnet.hosts.slice(0, NODES)
    const ours = await startNodes(nodes, 10, 'dual')
    const meet = (family: Family, at: number): Promise<void> => {
      const daemons = [vnet.host(at), vnet.host(at + 1)] as const
      return download({ family, nodes, ours, daemons, folder: join(folder, family) })
    }
    await Promise.all([meet('ipv4', NODES), meet('ipv6', NODES + 2)])
  },
)

/** One daemon seeds, the other gets whichever of the torrents it finds the seed of first. */
async function download(scene: {
  readonly family: Family
  readonly nodes: readonly Host[]
  readonly ours: readonly PeerProcess[]
  readonly daemons: readonly [Host, Host]
  readonly folder: string
}): Promise<void> {
  const { family, nodes, ours, daemons, folder } = scene
  const [seeds, downloads] = [join(folder, 'seeds'), join(folder, 'downloads')] as const
  for (const made of [seeds, downloads]) mkdirSync(made, { recursive: true })
  const torrents = TORRENTS.map((name) => {
    writeFileSync(join(seeds, name), randomBytes(200_000))
    const file = join(folder, `${name}.torrent`)
    return { file, hash: createTorrent(join(seeds, name), file) }
  })
  const options = { family, nodes }
  const seeder = new Transmission(daemons[0], join(folder, 'seeder'), { ...options, downloads: seeds })
  const leecher = new Transmission(daemons[1], join(folder, 'leecher'), { ...options, downloads })
  await Promise.all(
    [seeder, leecher].map(async (daemon) => {
      await daemon.running()
      // Whoever asks it something is known to it at once; by itself it would ask its twelve one by one, for a minute.
      await Promise.all(ours.map((node) => node.call('ping', daemon.dhtEndpoint)))
    }),
  )
  for (const { file } of torrents) seeder.add(file)
  await firstAnnounce(ours, family)
  // It searches once for each, some time after it is told the link.
  for (const { hash } of torrents) leecher.add(`magnet:?xt=urn:btih:${hash}`)
  const name = await appears(downloads, TORRENTS)
  expect(readFileSync(join(downloads, name)).equals(readFileSync(join(seeds, name)))).toBe(true)
}

/** Until one of our nodes stores a peer; asked over pipes, so that nothing but the daemons is on the wire. */
async function firstAnnounce(nodes: readonly PeerProcess[], family: Family): Promise<void> {
  const stores = ({ places }: Stats): boolean => places.some((place) => place.family === family && place.peers > 0)
  await Promise.any(nodes.map((node) => node.until(stores, 'stats')))
}

/** The first of these files to be there; a file has its name once it is complete. */
async function appears(folder: string, names: readonly string[]): Promise<string> {
  const watcher = watch(folder)
  onTestFinished(() => watcher.close())
  return new Promise<string>((resolve) => {
    const look = (): void => {
      const complete = names.find((name) => existsSync(join(folder, name)))
      if (complete !== undefined) resolve(complete)
    }
    watcher.on('change', look)
    look()
  })
}
