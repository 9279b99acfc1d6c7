/** Debian's transmission-daemon (jech/dht, the DHT code of most clients) on a host of a virtual internet, asked over its own RPC. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { program, type Requirement } from '../support/requirements.ts'
import { DHT_PORT, type Host } from './vnet.ts'

export const TRANSMISSION: readonly Requirement[] = [
  program('transmission-daemon', 'transmission-daemon'),
  program('transmission-create', 'transmission-cli'),
  program('transmission-remote', 'transmission-cli'),
]

/** Inside its own namespace. */
const RPC = '127.0.0.1:9091'
const SETTINGS = {
  'dht-enabled': true,
  'lpd-enabled': false,
  'pex-enabled': false,
  'port-forwarding-enabled': false,
  'rpc-bind-address': '127.0.0.1',
  'rpc-whitelist-enabled': false,
}

export class Transmission {
  readonly #host: Host
  readonly #child: ChildProcess

  /** `folder` is its own; downloads go to `downloads`; `nodes` are all it knows of the DHT. */
  constructor(host: Host, folder: string, { downloads, nodes }: { downloads: string; nodes: readonly Host[] }) {
    mkdirSync(folder, { recursive: true })
    const settings = { ...SETTINGS, 'bind-address-ipv4': host.bound, 'download-dir': downloads }
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings))
    writeFileSync(join(folder, 'dht.dat'), savedNodes(nodes))
    this.#host = host
    const command = ['netns', 'exec', host.namespace, 'transmission-daemon', '--foreground', '--config-dir', folder]
    this.#child = spawn('ip', command, { stdio: 'ignore' })
    const exit = once(this.#child, 'exit')
    onTestFinished(async () => {
      this.#child.kill('SIGKILL')
      await exit
    })
  }

  /** A torrent file or a magnet link; waits until the daemon takes it. */
  async add(torrent: string): Promise<void> {
    for (;;) {
      try {
        this.#remote('--add', torrent)
        return
      } catch (error) {
        // Its RPC is not up yet.
        if (this.#child.exitCode !== null) throw error
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }

  #remote(...args: string[]): string {
    const command = ['netns', 'exec', this.#host.namespace, 'transmission-remote', RPC, ...args]
    return execFileSync('ip', command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  }
}

/** Makes a torrent without trackers; gives its info hash. */
export function createTorrent(content: string, torrent: string): string {
  execFileSync('transmission-create', ['--outfile', torrent, content], { stdio: 'ignore' })
  const shown = execFileSync('transmission-show', [torrent], { encoding: 'utf8' })
  const hash = /^\s*Hash: ([0-9a-f]{40})$/m.exec(shown)?.[1]
  if (hash === undefined) throw new Error(`no hash in: ${shown}`)
  return hash
}

/** What the daemon keeps between runs: its id, and compact addresses of nodes. */
function savedNodes(nodes: readonly Host[]): Buffer {
  const compact = Buffer.concat(
    nodes.map(({ address }) => Buffer.from([...address.split('.').map(Number), DHT_PORT >> 8, DHT_PORT & 0xff])),
  )
  return Buffer.concat([
    Buffer.from('d2:id20:'),
    randomBytes(20),
    Buffer.from(`5:nodes${compact.length}:`),
    compact,
    Buffer.from('e'),
  ])
}
