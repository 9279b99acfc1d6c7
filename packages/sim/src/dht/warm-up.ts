/**
 * Fills tables as months of traffic would, in minutes: every node is introduced to some nodes of each part of the space, and the real
 * engine pings them, takes them in, and is taken in by them, over the real network of the world. Walking would cost ten times as much.
 */

import { type Endpoint, type Millis, type RandomSource, randomBelow, randomFraction } from '@shoal/base'
import { commonPrefixLength, K, type NodeId } from '@shoal/dht/core'
import type { DhtHost, DhtWorld } from './dht-world.ts'

/** Deeper buckets are empty in any world that fits into memory. */
const BUCKETS_MAX = 24
const STRANGERS_SHARE = 0.1
/** Half of a bucket: those who visit a node take the other half, guarded ones among them, as in a network that grew by itself. */
const INTRODUCTIONS_PER_BUCKET = K / 2

export interface WarmUpInit {
  readonly dht: DhtWorld
  /** Who may be in tables. */
  readonly reachable: readonly DhtHost[]
  /** Whose tables are filled; all of them run. */
  readonly learners: readonly DhtHost[]
  /** Others, each of whom every tenth node is introduced to. */
  readonly strangers?: readonly Endpoint[]
  readonly over: Millis
}

/** Plans the introductions from now on; they are made while time passes. */
export function planWarmUp({ dht, reachable, learners, strangers = [], over }: WarmUpInit): void {
  const { world } = dht
  const random = world.random('warm-up')
  const byId = reachable
    .flatMap((host) => (host.machine === undefined ? [] : [{ host, id: host.machine.engine.nodeId }]))
    .sort((a, b) => compareIds(a.id, b.id))
  for (const learner of learners) {
    const id = learner.machine?.engine.nodeId
    if (id === undefined) continue
    const known = acquaintances(byId, id, random).map(({ endpoint }) => endpoint)
    const others = strangers.filter(() => randomFraction(random) < STRANGERS_SHARE)
    const list = shuffled([...known, ...others], random)
    const from = world.now
    // One planned call a node at a time.
    const next = (i: number): void => {
      const endpoint = list[i]
      if (endpoint === undefined) return
      world.run(learner, ({ engine }, now) => engine.ping(now, endpoint))
      world.at(from + (over * (i + 1 + randomFraction(random))) / (list.length + 1), () => next(i + 1))
    }
    world.at(from + (over * randomFraction(random)) / (list.length + 1), () => next(0))
  }
}

interface Known {
  readonly host: DhtHost
  readonly id: NodeId
}

/** For each bucket that the node may have, half as many as it holds; all of the last. */
function acquaintances(byId: readonly Known[], own: NodeId, random: RandomSource): DhtHost[] {
  const found: DhtHost[] = []
  let low = 0
  let high = byId.length
  for (let bits = 0; bits < BUCKETS_MAX && high - low > 1; bits++) {
    // Within low..high all share `bits` bits with us; the half that differs in the next bit is a bucket.
    const middle = firstWithBit(byId, { low, high, bit: bits })
    const isUpper = bitOf(own, bits) === 1
    const [from, to] = isUpper ? [low, middle] : [middle, high]
    found.push(...someOf(byId, from, to, random))
    if (isUpper) low = middle
    else high = middle
    if (high - low <= K) {
      found.push(...byId.slice(low, high).flatMap(({ host, id }) => (commonPrefixLength(id, own) < 160 ? [host] : [])))
      break
    }
  }
  return found
}

function someOf(byId: readonly Known[], from: number, to: number, random: RandomSource): DhtHost[] {
  if (to - from <= INTRODUCTIONS_PER_BUCKET) return byId.slice(from, to).map(({ host }) => host)
  const picked = new Set<DhtHost>()
  while (picked.size < INTRODUCTIONS_PER_BUCKET) picked.add((byId[from + randomBelow(random, to - from)] as Known).host)
  return [...picked]
}

/** The first index in low..high, all of which share the bits before, whose id has this bit set. */
function firstWithBit(byId: readonly Known[], range: { low: number; high: number; bit: number }): number {
  let { low, high } = range
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bitOf((byId[middle] as Known).id, range.bit) === 1) high = middle
    else low = middle + 1
  }
  return low
}

function bitOf(id: NodeId, bit: number): 0 | 1 {
  const word = bit < 32 ? id.w0 : id.w1
  return ((word >>> (31 - (bit & 31))) & 1) as 0 | 1
}

function compareIds(a: NodeId, b: NodeId): number {
  return (a.w0 >>> 0) - (b.w0 >>> 0) || (a.w1 >>> 0) - (b.w1 >>> 0)
}

function shuffled<T>(list: readonly T[], random: RandomSource): T[] {
  const out = [...list]
  for (let i = out.length - 1; i > 0; i--) {
    const j = randomBelow(random, i + 1)
    ;[out[i], out[j]] = [out[j] as T, out[i] as T]
  }
  return out
}
