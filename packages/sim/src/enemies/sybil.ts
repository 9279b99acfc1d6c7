/**
 * A cluster of ids grown around one info hash (a vertical sybil attack: M. Steiner, T. En-Najjary, E. Biersack, "Exploiting KAD: possible
 * uses and misuses", 2007; L. Wang, J. Kangasharju, "Real-world sybil attacks in BitTorrent Mainline DHT", 2012). They are closer to
 * the target than anybody, name only each other, take every announcement and tell nobody.
 */

import { type Endpoint, type Millis, parseIp, type RandomSource, SECOND } from '@shoal/base'
import { isSecureId, type NodeId, nodeIdBytes, readNodeId, secureNodeId } from '@shoal/dht/core'
import type { Environment, Program } from '../world/machine.ts'
import { compactNode, Enemy, type Query } from './enemy.ts'

export interface Sybil {
  /** 20 characters. */
  readonly id: string
  readonly endpoint: Endpoint
}

/** Between two knocks at the door of somebody honest. */
const KNOCK_EVERY_MS: Millis = SECOND / 2
const NAMED = 8
/** Bytes in common with the target, where nobody checks. */
const SHARED_BYTES = 4

export class SybilNode extends Enemy {
  readonly #self: Sybil
  readonly #cluster: readonly Sybil[]
  readonly #victims: readonly Endpoint[]
  #knocked = 0

  constructor(
    environment: Environment,
    init: { self: Sybil; cluster: readonly Sybil[]; victims: readonly Endpoint[] },
  ) {
    super(environment)
    this.#self = init.self
    this.#cluster = init.cluster
    this.#victims = init.victims
    if (this.#victims.length > 0) this.after(environment.now + KNOCK_EVERY_MS, () => this.#knock(environment.now))
  }

  /** Whoever is asked something pings back, and takes in whoever answers. */
  #knock(last: Millis): void {
    const victim = this.#victims[this.#knocked++ % this.#victims.length]
    if (victim !== undefined) this.ask(victim, 'find_node', { id: this.#self.id, target: this.#self.id })
    const next = last + KNOCK_EVERY_MS
    if (this.#knocked < 2 * this.#victims.length) this.after(next + KNOCK_EVERY_MS, () => this.#knock(next))
  }

  protected override handleQuery(_now: Millis, query: Query): void {
    const nodes = Array.from({ length: NAMED }, () => {
      const { id, endpoint } = this.#cluster[this.random.uint32() % this.#cluster.length] as Sybil
      return compactNode(id, endpoint)
    })
    this.answer(query, { id: this.#self.id, token: 'sybl', nodes: nodes.join('') })
  }
}

export function sybilProgram(self: Sybil, cluster: readonly Sybil[], victims: readonly Endpoint[]): Program<SybilNode> {
  return { create: (environment) => new SybilNode(environment, { self, cluster, victims }) }
}

/** Ids that nobody may have (BEP 42): as close as one likes, at any address. */
export function insecureSybil(target: NodeId, endpoint: Endpoint, random: RandomSource): Sybil {
  const bytes = nodeIdBytes(target)
  bytes.set(random.bytes(20 - SHARED_BYTES), SHARED_BYTES)
  return { id: String.fromCharCode(...bytes), endpoint }
}

/**
 * Ids that follow from their addresses (BEP 42): the owner of a /16 has some hundred thousand to choose from, and takes the closest, two of
 * a /24 at most. `network`: the first two bytes, as in `45.77`.
 */
export function secureSybils(target: NodeId, count: number, network: string): Sybil[] {
  const wanted = nodeIdBytes(target)
  const candidates: { sybil: Sybil; distance: number; third: number }[] = []
  for (let third = 0; third < 64; third++) {
    for (let fourth = 1; fourth < 255; fourth++) {
      const host = `${network}.${third}.${fourth}`
      const address = parseIp(host) as Uint8Array
      for (let salt = 0; salt < 8; salt++) {
        const bytes = nodeIdBytes(secureNodeId(address, saltOnly(salt)))
        // The 21 bits that follow from the address stay, the rest is the attacker's to choose.
        bytes[2] = ((bytes[2] as number) & 0xf8) | ((wanted[2] as number) & 0x07)
        bytes.set(wanted.subarray(3, 19), 3)
        if (!isSecureId(readNodeId(bytes), address)) continue
        const distance =
          (((bytes[0] as number) << 16) | ((bytes[1] as number) << 8) | (bytes[2] as number)) ^ headOf(wanted)
        candidates.push({
          sybil: { id: String.fromCharCode(...bytes), endpoint: { host, port: 6_881 } },
          distance,
          third,
        })
      }
    }
  }
  candidates.sort((a, b) => a.distance - b.distance)
  const hosts = new Set<string>()
  const perPrefix = new Map<number, number>()
  const chosen: Sybil[] = []
  for (const { sybil, third } of candidates) {
    const inPrefix = perPrefix.get(third) ?? 0
    if (inPrefix >= 2 || hosts.has(sybil.endpoint.host)) continue
    perPrefix.set(third, inPrefix + 1)
    hosts.add(sybil.endpoint.host)
    chosen.push(sybil)
    if (chosen.length === count) break
  }
  return chosen
}

function headOf(bytes: Uint8Array): number {
  return ((bytes[0] as number) << 16) | ((bytes[1] as number) << 8) | (bytes[2] as number)
}

/** All bytes are this one: the last is what the id's prefix depends on. */
function saltOnly(salt: number): RandomSource {
  return { uint32: () => salt, bytes: (length) => new Uint8Array(length).fill(salt) }
}
