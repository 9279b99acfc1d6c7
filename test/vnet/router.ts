/** Debian's miniupnpd as the router of a network behind a NAT, and what it has mapped. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { program, type Requirement } from '../support/requirements.ts'
import type { Host } from './vnet.ts'

const SCRIPT = join(import.meta.dirname, 'vnet.sh')

export const ROUTER: readonly Requirement[] = [program('miniupnpd', 'miniupnpd'), program('nft', 'nftables')]

export interface RouterInit {
  readonly speaks: 'upnp' | 'nat-pmp'
}

/** The router in front of `inside`, listening; it ends with the test. */
export async function startRouter(inside: Host, { speaks }: RouterInit): Promise<Router> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-router-'))
  const conf = join(folder, 'miniupnpd.conf')
  const yes = (protocol: string): string => (protocol === speaks ? 'yes' : 'no')
  const lines = [
    ...['ext_ifname=eth0', 'listening_ip=lan', `enable_natpmp=${yes('nat-pmp')}`, `enable_upnp=${yes('upnp')}`],
    ...['min_lifetime=1', 'max_lifetime=86400', 'secure_mode=yes', 'uuid=6f2d9c0e-5f0b-4c0a-8b67-2d1a5c3e9f10'],
    ...['upnp_table_name=upnp', 'upnp_nat_table_name=upnp', 'upnp_forward_chain=let_in', 'upnp_nat_chain=mapped'],
    ...['upnp_nat_postrouting_chain=masked', 'allow 1024-65535 0.0.0.0/0 1024-65535'],
  ]
  writeFileSync(conf, `${lines.join('\n')}\n`)
  const gateway = `${inside.namespace}-gw`
  const child = spawn('bash', [SCRIPT, 'upnp', gateway, conf], { stdio: ['ignore', 'ignore', 'pipe'] })
  onTestFinished(async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })
  const ready = speaks === 'upnp' ? /HTTP listening/ : /Listening for NAT-PMP/
  let said = ''
  const router = new Router(gateway)
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      said += `${line}\n`
      if (ready.test(line)) resolve()
    })
    child.once('exit', () => reject(new Error(`miniupnpd ended:\n${said}`)))
  })
  return router
}

export class Router {
  readonly #namespace: string

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  /** TCP ports that lead in, as the kernel has them. */
  get mappedPorts(): readonly number[] {
    const args = ['netns', 'exec', this.#namespace, 'nft', 'list', 'chain', 'inet', 'upnp', 'mapped']
    const text = execFileSync('ip', args, { encoding: 'utf8' })
    return [...text.matchAll(/th dport (\d+)|tcp dport (\d+)|dport (\d+)/g)].map((match) =>
      Number(match.slice(1).find((port) => port !== undefined)),
    )
  }
}
