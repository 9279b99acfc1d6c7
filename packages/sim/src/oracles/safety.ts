/** All oracles at once, as one observer of a world: a datagram is read once, and who breaks a rule breaks off the run. */

import type { Endpoint, Millis } from '@shoal/base'
import { DhtNode } from '../dht/dht-node.ts'
import type { DhtHost } from '../dht/dht-world.ts'
import type { Host } from '../world/host.ts'
import type { Fate, Observer } from '../world/observer.ts'
import type { World } from '../world/world.ts'
import { announcedPeers } from './announced-peers.ts'
import { bounds } from './bounds.ts'
import { closestNodes } from './closest-nodes.ts'
import { datagramSizes } from './datagram-sizes.ts'
import { viewKrpc } from './krpc-view.ts'
import type { Handed, Oracle, OracleFactory } from './oracle.ts'
import { readOnlyNodes } from './read-only-nodes.ts'
import { RecentEvents } from './recent-events.ts'
import { selfContacts } from './self-contacts.ts'
import { tokens } from './tokens.ts'

const ORACLES: readonly OracleFactory[] = [
  closestNodes,
  datagramSizes,
  readOnlyNodes,
  selfContacts,
  bounds,
  tokens,
  announcedPeers,
]

/** A host's table and sizes are looked through once in so many of its steps. */
const STEPS_BETWEEN_RESTS = 16
const LINES_SHOWN = 30

/** A rule does not hold in this run. */
export class OracleFailure extends Error {
  override readonly name = 'OracleFailure'
  readonly oracle: string
  readonly at: Millis
  /** The last events around the node that broke the rule, a line each. */
  readonly events: readonly string[]

  constructor(init: { oracle: string; sentence: string; at: Millis; events: readonly string[] }) {
    super(`${init.oracle}: ${init.sentence}`)
    this.oracle = init.oracle
    this.at = init.at
    this.events = init.events
  }
}

export class Safety implements Observer {
  readonly #oracles: readonly Oracle[]
  readonly #recent = new RecentEvents()
  /** What the host under way was handed in this step. */
  #handed: Handed | undefined
  /** BOUNDED: by the hosts of the world. */
  readonly #steps = new Map<number, number>()

  constructor(world: World) {
    const breach = (oracle: string, host: DhtHost, sentence: string): never => {
      throw new OracleFailure({
        oracle,
        sentence: `${host.name} ${sentence}`,
        at: world.now,
        events: this.#recent.around(host.name, LINES_SHOWN),
      })
    }
    this.#oracles = ORACLES.map((oracle) => oracle(world, breach))
  }

  handleSent(now: Millis, from: Host, to: Endpoint, bytes: Uint8Array): void {
    if (!isHonest(from)) return
    const view = viewKrpc(bytes)
    this.#recent.add({ at: now, host: from.name, what: 'sends to', other: to, view })
    const seen = { now, host: from, node: from.machine as DhtNode, other: to, bytes, view, handed: this.#handed }
    for (const oracle of this.#oracles) oracle.handleSent?.(seen)
  }

  handleDelivered(now: Millis, to: Host, from: Endpoint, bytes: Uint8Array): void {
    if (!isHonest(to)) return
    const view = viewKrpc(bytes)
    this.#handed = { from, view }
    this.#recent.add({ at: now, host: to.name, what: 'is handed from', other: from, view })
    const seen = { now, host: to, node: to.machine as DhtNode, other: from, bytes, view, handed: this.#handed }
    for (const oracle of this.#oracles) oracle.handleDelivered?.(seen)
  }

  handleStep(now: Millis, host: Host): void {
    this.#handed = undefined
    if (!isHonest(host)) return
    const steps = (this.#steps.get(host.index) ?? 0) + 1
    this.#steps.set(host.index, steps)
    if (steps % STEPS_BETWEEN_RESTS !== 0) return
    for (const oracle of this.#oracles) oracle.handleRest?.(now, host, host.machine as DhtNode)
  }

  handleFate(now: Millis, host: Host, what: Fate): void {
    this.#recent.add({ at: now, host: host.name, what, other: undefined, view: undefined })
    if (what === 'start') for (const oracle of this.#oracles) oracle.handleStart?.(host as DhtHost)
  }
}

/** Enemies are programs of their own; whoever runs ours is held to the rules. */
function isHonest(host: Host): host is DhtHost {
  return host.machine instanceof DhtNode
}
