/**
 * Which endpoints are our own. Whoever proves itself to us names the endpoint that it dialled, and only one of ours is
 * signed: else somebody in between could pass our word on as his.
 */

import { lookup } from 'node:dns/promises'
import { networkInterfaces } from 'node:os'
import { type AddressScope, type Endpoint, formatIp, MINUTE, mappedIpv4, parseIp, scopeOf } from '@shoal/base'

export interface OwnPlaces {
  /** The bound port, the one that is signed, and any other that leads here. */
  ports(): readonly number[]
  /** Names and literals that are given as ours (`host`), or that others see us under. */
  hosts(): readonly string[]
}

/** Strangers make us look up names: only so many, and each for a while. */
const LOOKUPS_MAX = 16
const CACHE_MAX = 256
const CACHE_TIME_MS = MINUTE

export class OwnEndpoints {
  readonly #places: OwnPlaces
  /** BOUNDED: CACHE_MAX, oldest out. */
  readonly #cache = new Map<string, { readonly addresses: readonly string[]; readonly until: number }>()
  #lookups = 0

  constructor(places: OwnPlaces) {
    this.#places = places
  }

  async isOwn(endpoint: Endpoint, remote: Endpoint): Promise<boolean> {
    if (!this.#places.ports().includes(endpoint.port)) return false
    const literal = parseIp(endpoint.host)
    if (literal !== undefined) {
      if (!isNear(literal, remote)) return false
      return this.#isOwnAddress(formatIp(literal)) || this.#isNamedBy(formatIp(literal))
    }
    const name = endpoint.host.toLowerCase()
    if (this.#places.hosts().some((host) => host.toLowerCase() === name)) return true
    const addresses = await this.#resolve(name)
    return addresses.some((address) => isNear(parseIp(address), remote) && this.#isOwnAddress(address))
  }

  /** A name that was given as ours leads to this address: behind a NAT no interface has it. */
  async #isNamedBy(address: string): Promise<boolean> {
    for (const host of this.#places.hosts()) {
      if (parseIp(host) === undefined && (await this.#resolve(host.toLowerCase())).includes(address)) return true
    }
    return false
  }

  #isOwnAddress(text: string): boolean {
    const ip = parseIp(text)
    if (ip === undefined) return false
    const address = formatIp(mappedIpv4(ip) ?? ip)
    // All of 127.0.0.0/8 is this machine, whatever the interface lists.
    if (scopeOf(ip) === 'loopback') return true
    if (this.#places.hosts().includes(address)) return true
    return interfaceAddresses().includes(address)
  }

  async #resolve(name: string): Promise<readonly string[]> {
    const held = this.#cache.get(name)
    if (held !== undefined && held.until > Date.now()) return held.addresses
    if (this.#lookups >= LOOKUPS_MAX) return []
    this.#lookups++
    try {
      const found = await lookup(name, { all: true })
      const addresses = found.map(({ address }) => address)
      this.#remember(name, addresses)
      return addresses
    } catch {
      this.#remember(name, [])
      return []
    } finally {
      this.#lookups--
    }
  }

  #remember(name: string, addresses: readonly string[]): void {
    this.#cache.delete(name)
    this.#cache.set(name, { addresses, until: Date.now() + CACHE_TIME_MS })
    const oldest = this.#cache.size > CACHE_MAX ? this.#cache.keys().next() : undefined
    if (oldest !== undefined && !oldest.done) this.#cache.delete(oldest.value)
  }
}

export function interfaceAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
}

/** The first address of an interface that leads out of this machine, IPv4 first. */
export function outwardAddress(): string | undefined {
  const outward = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).filter(({ internal }) => !internal))
  const usable = outward.filter(({ address, family }) => family === 'IPv4' || !address.startsWith('fe80'))
  return (usable.find(({ family }) => family === 'IPv4') ?? usable[0])?.address
}

/**
 * 127.0.0.1 is everybody's name for himself: it is ours only for those on this machine. A private address likewise
 * means another machine in another network.
 */
function isNear(own: Uint8Array | undefined, remote: Endpoint): boolean {
  if (own === undefined) return false
  const there = parseIp(remote.host)
  const from: AddressScope = there === undefined ? 'martian' : scopeOf(there)
  switch (scopeOf(own)) {
    case 'loopback':
      return from !== 'global' && from !== 'private'
    case 'private':
      return from !== 'global'
    case 'global':
    case 'martian':
      return true
  }
}
