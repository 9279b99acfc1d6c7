/**
 * A small world of database nodes: machines joined by channels in memory, with a virtual clock, a store of rows each, and
 * signatures that are quick and repeatable. One seed gives one run.
 */

import { DeadlineQueue, formatEndpoint, latin1, type Millis, parseIp, scopeOf } from '@shoal/base'
import type { AskedEffect } from '../../src/core/node/effects.ts'
import { isBatch } from '../../src/core/wire/batch.ts'
import { RawPeer } from './raw-peer.ts'
import { type NodeOptions, WorldNode } from './world-node.ts'

export { RawPeer } from './raw-peer.ts'
export { sha256, TestKey, TOPIC } from './test-key.ts'
export { WorldNode } from './world-node.ts'

export const START: Millis = 1_800_000_000_000
/** One way over any channel. */
const LATENCY: Millis = 5

interface Link {
  readonly ends: [End, End]
  isOpen: boolean
}

interface End {
  readonly node: WorldNode | RawPeer
  readonly channel: number
}

export class World {
  now: Millis = START
  /** Names and other addresses of nodes, besides their own. */
  readonly places = new Map<string, WorldNode>()
  /** Hosts that neither take a dial nor refuse it. */
  readonly silent = new Set<string>()
  /** What the machine of this host says, as it goes out: a liar with all the right proofs. */
  readonly tampers = new Map<string, (text: string) => string>()
  /** Every frame between nodes, for tests that look at the wire. */
  readonly wire: { from: string; to: string; at: Millis; text: string }[] = []
  readonly #queue = new DeadlineQueue<() => void>()
  readonly #links = new Map<string, Link>()
  readonly #nodes: WorldNode[] = []
  readonly #seed: number
  #nextHost = 1
  #nextChannel = 1

  constructor(seed = 1) {
    this.#seed = seed
  }

  server(options: NodeOptions = {}): WorldNode {
    return this.#add(options, true)
  }

  client(options: NodeOptions = {}): WorldNode {
    return this.#add(options, false)
  }

  /** Somebody who speaks for himself: a channel into a node, frame by frame. */
  raw(to: WorldNode, options: { host?: string } = {}): RawPeer {
    const raw = new RawPeer(this, options.host ?? this.#freshHost())
    this.open(raw, to, undefined)
    return raw
  }

  at(delay: Millis, run: () => void): void {
    this.#queue.add(this.now + delay, run)
  }

  /** Lets so much time pass. */
  run(time: Millis): void {
    const end = this.now + time
    for (;;) {
      const timers = this.#nodes.map((node) => node.machine.pollTimeout() ?? Number.POSITIVE_INFINITY)
      const next = Math.min(this.#queue.nextAt() ?? Number.POSITIVE_INFINITY, ...timers)
      if (next > end) break
      this.now = Math.max(this.now, next)
      for (let job = this.#queue.takeDue(this.now); job; job = this.#queue.takeDue(this.now)) job()
      for (const node of this.#nodes) {
        if ((node.machine.pollTimeout() ?? Number.POSITIVE_INFINITY) <= this.now) {
          node.machine.handleTimeout(this.now)
          node.drain()
        }
      }
    }
    this.now = end
  }

  /** `dial` is the effect of the dialling node. */
  open(from: WorldNode | RawPeer, to: WorldNode, dial: number | undefined): void {
    const a: End = { node: from, channel: this.#nextChannel++ }
    const b: End = { node: to, channel: this.#nextChannel++ }
    const link: Link = { ends: [a, b], isOpen: true }
    this.#links.set(linkName(a), link)
    this.#links.set(linkName(b), link)
    to.machine.handleOpened(this.now, {
      channel: b.channel,
      remote: { host: from.host, port: 40_000 + b.channel },
      direction: 'inbound',
    })
    to.drain()
    if (from instanceof RawPeer) from.channel = a.channel
    else if (dial !== undefined) {
      const remote = { host: to.host, port: to.port }
      from.machine.handleOpened(this.now, { channel: a.channel, remote, direction: 'outbound', dial })
      from.drain()
    }
  }

  /** The effect of a node: it opens, fails, or stays silent. */
  dial(from: WorldNode, effect: AskedEffect & { kind: 'dial' }): void {
    const { host } = effect.endpoint
    if (this.silent.has(host)) return
    const ip = parseIp(host)
    // As the dialler does with whatever a name resolves to.
    const mayDial = !effect.globalOnly || ip === undefined || scopeOf(ip) === 'global'
    this.at(LATENCY, () => {
      if (from.isDown) return
      const to = mayDial ? this.places.get(formatEndpoint(effect.endpoint)) : undefined
      if (to !== undefined) {
        this.open(from, to, effect.id)
        return
      }
      const error = new Error('nobody listens there')
      from.input((machine) => machine.handleResult(this.now, effect.id, { ok: false, error }))
    })
  }

  send(from: WorldNode | RawPeer, channel: number, frame: string | Uint8Array): void {
    const found = this.#linkOf(from, channel)
    if (found === undefined) return
    const { other, link } = found
    const tamper = this.tampers.get(from.host)
    const sent = tamper !== undefined && typeof frame === 'string' ? frame.split('\n').map(tamper).join('\n') : frame
    const text = typeof sent === 'string' ? sent : latin1(sent)
    for (const each of isBatch(sent) ? text.slice(1).split('\n') : [text]) {
      this.wire.push({ from: from.host, to: other.node.host, at: this.now, text: each })
    }
    this.at(LATENCY, () => {
      if (link.isOpen) other.node.deliver(other.channel, sent)
    })
  }

  close(from: WorldNode | RawPeer, channel: number, reason: string): void {
    const found = this.#linkOf(from, channel)
    if (found === undefined) return
    const { other, link } = found
    this.#links.delete(`${from.id} ${channel}`)
    // What was sent before the end arrives before it.
    this.at(LATENCY, () => {
      if (!link.isOpen) return
      link.isOpen = false
      other.node.handleClosed(other.channel, reason)
    })
  }

  /** The machine stops, as at kill -9: everybody sees its connections end. */
  kill(node: WorldNode): void {
    node.isDown = true
    for (const [name, place] of this.places) if (place === node) this.places.delete(name)
    for (const link of new Set(this.#links.values())) {
      const [a, b] = link.ends
      if (!link.isOpen || (a.node !== node && b.node !== node)) continue
      link.isOpen = false
      const other = a.node === node ? b : a
      this.at(LATENCY, () => other.node.handleClosed(other.channel, 'gone'))
    }
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
  }

  /** Every connection between the two breaks, and both see it. */
  cut(a: WorldNode, b: WorldNode): void {
    for (const link of new Set(this.#links.values())) {
      const nodes = link.ends.map(({ node }) => node)
      if (!link.isOpen || !nodes.includes(a) || !nodes.includes(b)) continue
      link.isOpen = false
      for (const { node, channel } of link.ends) this.at(LATENCY, () => node.handleClosed(channel, 'cut'))
    }
  }

  #linkOf(from: WorldNode | RawPeer, channel: number): { other: End; link: Link } | undefined {
    const link = this.#links.get(`${from.id} ${channel}`)
    if (link?.isOpen !== true) return undefined
    const [a, b] = link.ends
    return { other: a.node === from && a.channel === channel ? b : a, link }
  }

  #add(options: NodeOptions, isServer: boolean): WorldNode {
    const host = options.host ?? this.#freshHost()
    const node = new WorldNode(this, { ...options, host }, { isServer, seed: this.#seed * 1_000 + this.#nextHost })
    this.#nextHost++
    this.#nodes.push(node)
    node.input((machine) => machine.start(this.now))
    if (isServer) this.places.set(formatEndpoint(node), node)
    if (isServer) node.input((machine) => machine.handleOwnEndpoint(this.now, { host, port: node.port }))
    return node
  }

  /** In different prefixes of the public internet. */
  #freshHost(): string {
    return `45.${10 + (this.#nextHost++ % 200)}.7.${1 + Math.floor(this.#nextHost / 200)}`
  }
}

function linkName(end: End): string {
  return `${end.node.id} ${end.channel}`
}
