/**
 * How a peer behaves: faults add up, time takes them away, too many end the connection and keep its sender out for a
 * while. What is kept out is what nobody else shares: the peer key where it is proven, else the address, but neither
 * 127.0.0.1 and ::1, which everything on this machine shares, nor a private address, behind which a proxy may be.
 */

import { type Endpoint, type Millis, parseIp, scopeOf } from '@shoal/base'
import type { Kernel } from './kernel.ts'

const FAULTS_MAX = 100
/** Faults forgiven each second. */
const FORGIVEN_PER_SECOND = 1

/** What each fault weighs. Five malformed messages end a connection; a wrong record may have been relayed in good faith. */
export const FAULT: Readonly<Record<FaultKind, number>> = {
  malformed: 20,
  'out-of-turn': 20,
  'forged-endpoint': 10,
  'forged-roster': 10,
  'bad-record': 5,
  'over-rate': 1,
}

export type FaultKind = 'malformed' | 'out-of-turn' | 'forged-endpoint' | 'forged-roster' | 'bad-record' | 'over-rate'

export class Conduct {
  #faults = 0
  #at: Millis

  constructor(now: Millis) {
    this.#at = now
  }

  /** True where this one was too many. */
  note(now: Millis, weight: number): boolean {
    this.#faults = Math.max(0, this.#faults - (Math.max(0, now - this.#at) / 1_000) * FORGIVEN_PER_SECOND) + weight
    this.#at = now
    return this.#faults >= FAULTS_MAX
  }
}

export class Bans {
  readonly #kernel: Kernel
  /** BOUNDED: bansMax, oldest out. */
  readonly #until = new Map<string, Millis>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  add(remote: Endpoint, provenAddress: string | undefined): void {
    const { steady, limits } = this.#kernel
    const name = provenAddress !== undefined ? `key ${provenAddress}` : addressBan(remote)
    if (name === undefined) return
    this.#until.delete(name)
    this.#until.set(name, steady + limits.banTime)
    this.#kernel.counters.add('bans')
    if (this.#until.size > limits.bansMax) {
      const oldest = this.#until.keys().next()
      if (!oldest.done) this.#until.delete(oldest.value)
    }
  }

  hasAddress(remote: Endpoint): boolean {
    const name = addressBan(remote)
    return name !== undefined && this.#isOn(name)
  }

  hasKey(address: string): boolean {
    return this.#isOn(`key ${address}`)
  }

  #isOn(name: string): boolean {
    const until = this.#until.get(name)
    if (until === undefined) return false
    if (until > this.#kernel.steady) return true
    this.#until.delete(name)
    return false
  }
}

function addressBan(remote: Endpoint): string | undefined {
  const ip = parseIp(remote.host)
  if (ip === undefined || remote.host === '127.0.0.1' || remote.host === '::1') return undefined
  const scope = scopeOf(ip)
  return scope === 'global' || scope === 'loopback' ? `address ${remote.host}` : undefined
}
