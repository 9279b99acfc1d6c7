/**
 * A virtual internet of network namespaces (`vnet.sh`): hosts with public-looking addresses, each in a /16 of its own, and
 * hosts behind a NAT. It exists for one test, and nothing in it reaches outside.
 */

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { program, type Requirement, root } from '../support/requirements.ts'

const SCRIPT = join(import.meta.dirname, 'vnet.sh')
/** Where `ip netns exec` looks for files that stand for those of /etc. */
const RESOLVERS = '/etc/netns'
export const DHT_PORT = 6881

/** What every test of this folder needs. */
export const VNET: readonly Requirement[] = [root, program('ip', 'iproute2'), program('iptables', 'iptables')]

export interface Host {
  readonly namespace: string
  /** As others see it. */
  readonly address: string
  /** As it sees itself. */
  readonly bound: string
  /** Its IPv6 address, the same inside and outside; behind a NAT there is none. */
  readonly address6?: string
}

let networks = 0

export class Vnet {
  readonly #prefix = `shv${process.pid}x${networks++}`
  readonly hosts: readonly Host[]

  /** Ends with the test; make it before the processes that live in it. */
  constructor(hosts: number) {
    onTestFinished(() => void this.#run('down'))
    this.#run('up', String(hosts))
    this.hosts = Array.from({ length: hosts }, (_, i) => {
      const address = `45.${11 + i}.7.1`
      return { namespace: `${this.#prefix}-${i + 1}`, address, bound: address, address6: `2a00:${11 + i}::1` }
    })
  }

  host(index: number): Host {
    const host = this.hosts[index]
    if (host === undefined) throw new Error(`this network has no host ${index}`)
    return host
  }

  /** A host behind a NAT that lets nobody in who was not spoken to. */
  nat(number: number): Host {
    this.#run('nat', String(number))
    return {
      namespace: `${this.#prefix}-n${number}`,
      address: `45.${200 + number}.7.1`,
      bound: `192.168.${number}.2`,
    }
  }

  /** Hosts on a link of their own, from which no way leads out. */
  lan(hosts: number): readonly Host[] {
    this.#run('lan', String(hosts))
    return Array.from({ length: hosts }, (_, i) => {
      const address = `192.168.77.${i + 1}`
      return { namespace: `${this.#prefix}-l${i + 1}`, address, bound: address, address6: `fd77::${i + 1}` }
    })
  }

  /** What this host's resolver says: the only names there are in this internet. */
  names({ namespace }: Host, names: Readonly<Record<string, readonly string[]>>): void {
    const folder = join(RESOLVERS, namespace)
    mkdirSync(folder, { recursive: true })
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const lines = Object.entries(names).flatMap(([name, addresses]) => addresses.map((address) => `${address} ${name}`))
    writeFileSync(join(folder, 'hosts'), `127.0.0.1 localhost\n${lines.join('\n')}\n`)
  }

  /** The host has addresses and routes of this family, and nothing ever answers: no error tells. */
  blackHole({ namespace }: Host, family: 'ipv4' | 'ipv6'): void {
    // Neighbours are still found, or sending would fail.
    const rule = `iifname "eth0" meta nfproto ${family} meta l4proto != ipv6-icmp drop`
    const table = `table inet hole { chain in { type filter hook input priority 0; ${rule}; }; }`
    execFileSync('ip', ['netns', 'exec', namespace, 'nft', table])
  }

  #run(command: string, ...args: string[]): void {
    execFileSync('bash', [SCRIPT, command, this.#prefix, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  }
}
