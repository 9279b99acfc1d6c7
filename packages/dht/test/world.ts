/**
 * A small deterministic world: real engines, a virtual clock, and a network with seeded latency and loss between
 * them. The same seed gives the same run, packet for packet.
 */

import {
  DeadlineQueue,
  type Endpoint,
  formatEndpoint,
  type Millis,
  parseIp,
  randomFraction,
  seededRandom,
} from '@shoal/base'
import { DhtEngine } from '../src/core/engine.ts'
import type { EngineEvent, EngineInit, OperationId } from '../src/core/engine-event.ts'
import { secureNodeId } from '../src/core/id/secure-id.ts'
import { nodeItemCrypto } from '../src/node/ed25519.ts'

const MAPPING_LIFETIME_MS: Millis = 120_000

export interface WorldOptions {
  readonly seed?: number
  readonly latency?: readonly [least: Millis, most: Millis]
  /** Share of datagrams lost, 0 to 1. */
  readonly loss?: number
}

type Due = { kind: 'wake'; node: WorldNode } | { kind: 'deliver'; from: Endpoint; to: string; bytes: Uint8Array }

export interface WorldNode {
  readonly engine: DhtEngine
  endpoint: Endpoint
  readonly events: EngineEvent[]
  /** Datagrams it sent, with their time. */
  readonly sent: { readonly at: Millis; readonly to: Endpoint; readonly bytes: Uint8Array }[]
  isAlive: boolean
  /** Only hosts that it wrote to within the last two minutes get through to it (RFC 4787). */
  isBehindNat: boolean
  wakeAt: Millis
}

export class World {
  now: Millis = 1_000
  readonly random
  readonly nodes = new Map<string, WorldNode>()
  /** Called with every datagram that reaches a place where no engine is. */
  onStray: (from: Endpoint, to: string, bytes: Uint8Array) => void = () => {}
  loss: number
  readonly #latency: readonly [Millis, Millis]
  readonly #due = new DeadlineQueue<Due>()
  #nextHost = 1

  constructor({ seed = 1, latency = [20, 80], loss = 0 }: WorldOptions = {}) {
    this.random = seededRandom(seed)
    this.#latency = latency
    this.loss = loss
  }

  add(
    options: Partial<EngineInit> = {},
    endpoint: Endpoint = this.#freeEndpoint(),
    bound: Endpoint = endpoint,
  ): WorldNode {
    const engine = new DhtEngine({
      family: 'ipv4',
      nodeId: secureNodeId(parseIp(endpoint.host) ?? new Uint8Array(4), this.random),
      random: this.random,
      crypto: nodeItemCrypto,
      mode: 'server',
      network: 'mainline',
      limits: {},
      now: this.now,
      ...options,
    })
    engine.setBound(bound)
    const node = {
      engine,
      endpoint,
      events: [],
      sent: [],
      isAlive: true,
      isBehindNat: false,
      wakeAt: Number.POSITIVE_INFINITY,
    }
    this.nodes.set(formatEndpoint(endpoint), node)
    return node
  }

  /** Every node on a public address of its own. */
  #freeEndpoint(): Endpoint {
    const n = this.#nextHost++
    return { host: `45.${n >> 8}.${n & 0xff}.7`, port: 6_881 }
  }

  /** The node has another address from now on. */
  move(node: WorldNode, endpoint: Endpoint): void {
    this.nodes.delete(formatEndpoint(node.endpoint))
    node.endpoint = endpoint
    this.nodes.set(formatEndpoint(endpoint), node)
  }

  kill(node: WorldNode): void {
    node.isAlive = false
  }

  /** Gives a node an input and carries away what it sends. */
  run<T>(node: WorldNode, input: (engine: DhtEngine, now: Millis) => T): T {
    const result = input(node.engine, this.now)
    this.#drain(node)
    return result
  }

  /** Puts a datagram on the wire. */
  send(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    if (randomFraction(this.random) < this.loss) return
    const [least, most] = this.#latency
    const at = this.now + least + (most - least) * randomFraction(this.random)
    this.#due.add(at, { kind: 'deliver', from, to: formatEndpoint(to), bytes: bytes.slice() })
  }

  /** Lets time pass. */
  advance(ms: Millis): void {
    const until = this.now + ms
    this.#runUntil(until, () => false)
    this.now = until
  }

  /** Lets time pass until the condition holds; false where it does not within `most`. */
  until(condition: () => boolean, most: Millis = 60_000): boolean {
    if (condition()) return true
    return this.#runUntil(this.now + most, condition)
  }

  #runUntil(end: Millis, condition: () => boolean): boolean {
    for (let at = this.#due.nextAt(); at !== undefined && at <= end; at = this.#due.nextAt()) {
      this.now = Math.max(this.now, at)
      const due = this.#due.takeDue(this.now)
      if (due !== undefined) this.#handle(due)
      if (condition()) return true
    }
    return false
  }

  #handle(due: Due): void {
    if (due.kind === 'wake') {
      if (!due.node.isAlive || due.node.wakeAt > this.now) return
      due.node.wakeAt = Number.POSITIVE_INFINITY
      due.node.engine.handleTimeout(this.now)
      this.#drain(due.node)
      return
    }
    const node = this.nodes.get(due.to)
    if (node === undefined) this.onStray(due.from, due.to, due.bytes)
    else if (node.isAlive && (!node.isBehindNat || this.#isOpenTo(node, due.from))) {
      node.engine.handleDatagram(this.now, due.from, due.bytes)
      this.#drain(node)
    }
  }

  #isOpenTo({ sent }: WorldNode, { host }: Endpoint): boolean {
    return sent.some(({ to, at }) => to.host === host && this.now - at < MAPPING_LIFETIME_MS)
  }

  #drain(node: WorldNode): void {
    const { engine } = node
    for (let t = engine.pollTransmit(); t !== undefined; t = engine.pollTransmit()) {
      node.sent.push({ at: this.now, to: t.to, bytes: t.bytes.slice() })
      this.send(node.endpoint, t.to, t.bytes)
    }
    for (let e = engine.pollEvent(); e !== undefined; e = engine.pollEvent()) node.events.push(e)
    const wakeAt = engine.pollTimeout()
    if (wakeAt !== undefined && wakeAt < node.wakeAt) {
      node.wakeAt = wakeAt
      this.#due.add(Math.max(wakeAt, this.now), { kind: 'wake', node })
    }
  }
}

/** Two nodes that know each other. */
export function pair(options: WorldOptions & { server?: Partial<EngineInit>; client?: Partial<EngineInit> } = {}): {
  world: World
  server: WorldNode
  client: WorldNode
} {
  const world = new World(options)
  const server = world.add(options.server)
  const client = world.add(options.client)
  bootstrap(world, client, [server])
  return { world, server, client }
}

/** `count` nodes, each of which has walked to its own id by some of those before it. */
export function swarm(
  count: number,
  options: WorldOptions & { engine?: Partial<EngineInit> } = {},
): {
  world: World
  nodes: WorldNode[]
} {
  const world = new World(options)
  const nodes: WorldNode[] = []
  for (let i = 0; i < count; i++) {
    const node = world.add(options.engine)
    if (i > 0) bootstrap(world, node, nodes.slice(0, 3))
    nodes.push(node)
  }
  world.advance(2_000)
  return { world, nodes }
}

export function bootstrap(world: World, node: WorldNode, by: readonly WorldNode[]): void {
  const nodes = by.map(({ endpoint }) => endpoint)
  const operation = world.run(node, (engine, now) => engine.bootstrap(now, nodes))
  finish(world, node, operation)
}

export type LookupDone = Extract<EngineEvent, { kind: 'lookup-done' }>

/** Lets time pass until the operation has ended; how it ended. */
export function finish(world: World, node: WorldNode, operation: OperationId): EngineEvent {
  const isEnd = (event: EngineEvent): boolean =>
    event.kind !== 'peer' && 'operation' in event && event.operation === operation
  world.until(() => node.events.some(isEnd))
  const end = node.events.find(isEnd)
  if (end === undefined) throw new Error(`operation ${operation} has not ended`)
  return end
}

export function lookupDone(event: EngineEvent): LookupDone {
  if (event.kind !== 'lookup-done') throw new Error(`not the end of a lookup: ${event.kind}`)
  return event
}

/** The peers that a lookup was told. */
export function peersOf(node: WorldNode, operation: OperationId): Endpoint[] {
  return node.events.flatMap((event) => (event.kind === 'peer' && event.operation === operation ? [event.peer] : []))
}
