/**
 * The servers that we know: each one's own signed word on where it is, verified in truth. Of one address the latest word
 * counts. They are told to others in `pong`, and dialled.
 */

import { type Endpoint, formatEndpoint, type Millis, parseIp, scopeOf } from '@shoal/base'
import { CLOCK_AHEAD_MAX_MS, dialTarget, endpointDigest, type SignedEndpoint } from '@shoal/peer'
import type { NodeConfig } from './config.ts'
import type { Teller } from './dial-entry.ts'
import type { Kernel } from './kernel.ts'
import type { Peer } from './session.ts'
import { prefixName } from './sessions.ts'

export interface KnownServer {
  readonly signed: SignedEndpoint
  /** Told by its own connection, or only by others. */
  readonly heardAt: Millis
  /** Whoever told of it first, until it comes itself: all of one address prefix are one. */
  readonly teller: string
}

export interface DirectoryHooks {
  isConnectedPeer(peerId: string): boolean
  /** A server is to be dialled. `globalOnly`: whoever told of it must not point us into loopback or private networks. */
  onServer(target: { endpoint: Endpoint; address: string; globalOnly: boolean; teller: Teller }): void
  /** It is not there any more: it moved, or nobody has seen it for long. */
  onGone(endpoint: Endpoint): void
  onForged(peer: Peer): void
}

export class Directory {
  readonly #kernel: Kernel
  readonly #config: NodeConfig
  readonly #hooks: DirectoryHooks
  /** By address. BOUNDED: serversKnownMax, one of the teller who told of most out; and by serverLifetime. */
  readonly #servers = new Map<string, KnownServer>()
  #checking = 0
  #version = 0

  constructor(parts: { kernel: Kernel; config: NodeConfig }, hooks: DirectoryHooks) {
    this.#kernel = parts.kernel
    this.#config = parts.config
    this.#hooks = hooks
  }

  get size(): number {
    return this.#servers.size
  }

  /** Another one whenever there is something new to tell. */
  get version(): number {
    return this.#version
  }

  list(): readonly SignedEndpoint[] {
    return [...this.#servers.values()].map((server) => server.signed)
  }

  get(address: string): SignedEndpoint | undefined {
    return this.#servers.get(address)?.signed
  }

  /** Those worth telling: connected ones first, then the ones heard of last. Bounded. */
  toTell(own: SignedEndpoint | undefined): readonly SignedEndpoint[] {
    this.#expire()
    const { serversPerPongMax } = this.#kernel.limits
    const all = [...this.#servers.values()].reverse()
    const connected = all.filter(({ signed }) => this.#hooks.isConnectedPeer(signed.address))
    const others = all.filter(({ signed }) => !this.#hooks.isConnectedPeer(signed.address))
    const list = [...connected, ...others].map((server) => server.signed)
    return (own === undefined ? list : [own, ...list]).slice(0, serversPerPongMax)
  }

  /** The endpoint with which a connected server introduced itself; its signature holds. */
  introduce(signed: SignedEndpoint, peer: Peer): boolean {
    return this.#add(signed, tellerName(peer))
  }

  #add(signed: SignedEndpoint, teller: string): boolean {
    const held = this.#servers.get(signed.address)
    if (held !== undefined && held.signed.timestamp > signed.timestamp) return false
    const hasMoved = held !== undefined && !isSamePlace(held.signed, signed)
    this.#servers.delete(signed.address)
    this.#servers.set(signed.address, { signed, heardAt: this.#kernel.now, teller })
    if (hasMoved) this.#vacate(held)
    this.#bound()
    if (held === undefined || hasMoved) this.#version++
    if (held === undefined || hasMoved) this.#kernel.emit({ kind: 'servers-changed' })
    return held === undefined || hasMoved
  }

  /** A server that was connected is gone: it is looked for where it said that it is. */
  seek(peer: Peer): void {
    const { signed } = peer
    if (signed !== undefined && this.#servers.get(signed.address)?.signed === signed && !isNowhere(signed.host)) {
      this.#dial(signed, peer)
    }
  }

  /** Where this address was said to be nobody answers. */
  forget(address: string, endpoint: Endpoint): void {
    const held = this.#servers.get(address)
    if (held === undefined || this.#hooks.isConnectedPeer(address)) return
    if (formatEndpoint(dialTarget(held.signed)) === formatEndpoint(endpoint)) this.#servers.delete(address)
  }

  /** What a peer told of others: each is verified before it is kept or dialled. */
  learn(teller: Peer, servers: readonly SignedEndpoint[]): void {
    for (const signed of servers.slice(0, this.#kernel.limits.serversPerPongMax)) {
      if (signed.address === this.#config.peerAddress || signed.topic !== this.#config.topicPublicId) continue
      if (signed.timestamp > this.#kernel.now + CLOCK_AHEAD_MAX_MS || !this.#config.isAddress(signed.address)) continue
      if (isNowhere(signed.host)) continue
      const held = this.#servers.get(signed.address)
      if (held !== undefined && held.signed.timestamp >= signed.timestamp) {
        // What we hold was verified; what came may be anything with its time.
        if (held.signed.timestamp === signed.timestamp) this.#dial(held.signed, teller)
        continue
      }
      this.#check(teller, signed)
    }
  }

  #check(teller: Peer, signed: SignedEndpoint): void {
    const { limits, counters, sha256 } = this.#kernel
    const mayAsk = teller.session.endpoints.take(this.#kernel.now, 1)
    if (!mayAsk || this.#checking >= limits.serversKnownMax) {
      counters.add('refused.servers-unchecked')
      return
    }
    this.#checking++
    const ask = { text: endpointDigest(signed, sha256), address: signed.address, signature: signed.sig }
    this.#kernel.ask('verify', ask, (result) => {
      this.#checking--
      if (!result.ok) return
      if (!result.value) {
        counters.add('rejected.forged-server')
        this.#hooks.onForged(teller)
        return
      }
      this.#add(signed, this.#servers.get(signed.address)?.teller ?? tellerName(teller))
      this.#dial(signed, teller)
    })
  }

  #dial(signed: SignedEndpoint, by: Peer): void {
    if (this.#hooks.isConnectedPeer(signed.address)) return
    const teller = { name: tellerName(by), proven: by.proven }
    const endpoint = dialTarget(signed)
    this.#hooks.onServer({ endpoint, address: signed.address, globalOnly: !isInScope(by), teller })
  }

  /** Nobody but this server was said to be there: else anybody could have a place forgotten by claiming it and moving. */
  #vacate(server: KnownServer): void {
    for (const other of this.#servers.values()) if (isSamePlace(other.signed, server.signed)) return
    this.#hooks.onGone(dialTarget(server.signed))
  }

  #bound(): void {
    const { serversKnownMax } = this.#kernel.limits
    while (this.#servers.size > serversKnownMax) {
      const server = this.#leastMissed()
      if (server === undefined) return
      this.#servers.delete(server.signed.address)
      this.#vacate(server)
      this.#kernel.counters.add('servers.forgotten-for-room')
    }
  }

  /** The one longest unheard of the teller who told of most: else one stranger's inventions would push out all others. */
  #leastMissed(): KnownServer | undefined {
    const byTeller = new Map<string, { readonly oldest: KnownServer; count: number }>()
    let most: { readonly oldest: KnownServer; count: number } | undefined
    for (const [address, server] of this.#servers) {
      if (this.#hooks.isConnectedPeer(address)) continue
      const share = byTeller.get(server.teller) ?? { oldest: server, count: 0 }
      share.count++
      byTeller.set(server.teller, share)
      if (most === undefined || share.count > most.count) most = share
    }
    return most?.oldest
  }

  #expire(): void {
    const before = this.#kernel.now - this.#kernel.limits.serverLifetime
    for (const [address, server] of this.#servers) {
      if (server.heardAt > before || this.#hooks.isConnectedPeer(address)) continue
      this.#servers.delete(address)
      this.#vacate(server)
    }
  }
}

function tellerName(peer: Peer): string {
  return prefixName(peer.session.remote) ?? peer.peerId
}

/** A proven peer that is itself on this machine or this network may tell of others there; strangers may not. */
function isInScope(teller: Peer): boolean {
  const ip = parseIp(teller.session.remote.host)
  const scope = ip === undefined ? 'global' : scopeOf(ip)
  // A plain server proves nothing, but on loopback or a private network it is not a stranger of the internet either.
  return scope === 'loopback' || scope === 'private'
}

function isNowhere(host: string): boolean {
  const ip = parseIp(host)
  return ip !== undefined && scopeOf(ip) === 'martian'
}

function isSamePlace(a: SignedEndpoint, b: SignedEndpoint): boolean {
  return a.host === b.host && a.port === b.port
}
