/** Debian's transmission-daemon (jech/dht, the DHT code of most clients) on a host of a virtual internet, asked over its own RPC. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseIp } from '@shoal/base'
import { onTestFinished } from 'vitest'
import { program, type Requirement } from '../support/requirements.ts'
import type { Family } from './dht-nodes.ts'
import { DHT_PORT, type Host } from './vnet.ts'

export const TRANSMISSION: readonly Requirement[] = [
  program('transmission-daemon', 'transmission-daemon'),
  program('transmission-create', 'transmission-cli'),
  program('transmission-remote', 'transmission-cli'),
]

/** Inside its own namespace. */
const RPC = '127.0.0.1:9091'
const PEER_PORT = 51_413
const SETTINGS = {
  'peer-port': PEER_PORT,
  'dht-enabled': true,
  'lpd-enabled': false,
  'pex-enabled': false,
  'port-forwarding-enabled': false,
  'rpc-bind-address': '127.0.0.1',
  'rpc-whitelist-enabled': false,
}

export class Transmission {
  readonly #host: Host
  readonly #family: Family
  readonly #child: ChildProcess

  /** `folder` is its own; downloads go to `downloads`; `nodes` are all it knows of the DHT of this family. */
  constructor(
    host: Host,
    folder: string,
    { family, downloads, nodes }: { family: Family; downloads: string; nodes: readonly Host[] },
  ) {
    mkdirSync(folder, { recursive: true })
    // The other family is there, and leads nowhere.
    const bind = { 'bind-address-ipv4': host.bound, 'bind-address-ipv6': host.address6 }
    const settings = { ...SETTINGS, ...bind, 'download-dir': downloads }
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings))
    writeFileSync(join(folder, 'dht.dat'), savedNodes(nodes, family))
    this.#host = host
    this.#family = family
    const command = ['netns', 'exec', host.namespace, 'transmission-daemon', '--foreground', '--config-dir', folder]
    this.#child = spawn('ip', command, { stdio: 'ignore' })
    const exit = once(this.#child, 'exit')
    onTestFinished(async () => {
      this.#child.kill('SIGKILL')
      await exit
    })
  }

  get dhtEndpoint(): { readonly host: string; readonly port: number } {
    const { address, address6 = '' } = this.#host
    return { host: this.#family === 'ipv4' ? address : address6, port: PEER_PORT }
  }

  /** Until it takes commands. */
  async running(): Promise<void> {
    for (;;) {
      try {
        this.#remote('--session-info')
        return
      } catch (error) {
        if (this.#child.exitCode !== null) throw error
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }

  /** A torrent file or a magnet link. */
  add(torrent: string): void {
    this.#remote('--add', torrent)
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
function savedNodes(nodes: readonly Host[], family: Family): Buffer {
  const compact = Buffer.concat(
    nodes.flatMap(({ address, address6 = '' }) => [
      parseIp(family === 'ipv4' ? address : address6) ?? Buffer.alloc(0),
      Buffer.from([DHT_PORT >> 8, DHT_PORT & 0xff]),
    ]),
  )
  const name = family === 'ipv4' ? '5:nodes' : '6:nodes6'
  return Buffer.concat([
    Buffer.from('d2:id20:'),
    randomBytes(20),
    Buffer.from(`${name}${compact.length}:`),
    compact,
    Buffer.from('e'),
  ])
}
