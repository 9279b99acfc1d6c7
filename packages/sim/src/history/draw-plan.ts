/** From a seed to a plan. Sizes are small: what breaks at all mostly breaks among few, and many seeds find more than long ones. */

import { MINUTE, type Millis, type RandomSource, randomBelow, randomFraction, SECOND } from '@shoal/base'
import { LabelledRandom } from '../random/labelled-random.ts'
import type { ClientPlan, DocumentKind, Fault, MischiefKind, Operation, Plan, ServerPlan, Step } from './plan.ts'

/** Everybody connects first. */
const FIRST_AT: Millis = 3 * SECOND
/** How far a clock is off, and once more how far it jumps: two clocks are then never 30 s apart, which is what a record may be ahead. */
const OFF_MAX: Millis = 7 * SECOND
const KINDS: readonly DocumentKind[] = ['COUNTER', 'MAP', 'LIST']
const MISCHIEFS: readonly MischiefKind[] = ['replay', 'replay', 'forge-value', 'forge-key', 'forge-deletion']

class Draw {
  readonly #random: RandomSource

  constructor(seed: number, purpose: string) {
    this.#random = new LabelledRandom(seed, purpose)
  }

  below(bound: number): number {
    return randomBelow(this.#random, bound)
  }

  /** Both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1)
  }

  chance(share: number): boolean {
    return randomFraction(this.#random) < share
  }

  from<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T
  }
}

export function drawPlan(seed: number): Plan {
  const draw = new Draw(seed, 'history')
  const servers = Array.from({ length: draw.between(1, 4) }, (_, i) => drawServer(draw, i))
  const clients = Array.from({ length: draw.between(1, 4) }, (_, i) => drawClient(draw, i))
  // Short histories make conflicts, long ones outlast the window of claims.
  const lasts = draw.from([10 * SECOND, 30 * SECOND, MINUTE, 4 * MINUTE])
  const scene = { draw, servers, clients, lasts }
  const operations = Array.from({ length: draw.between(10, 50) }, (_, i) => drawStep(scene, i)).flat()
  const isCalm = draw.chance(0.2)
  const faults = isCalm ? [] : Array.from({ length: draw.between(1, 6) }, () => drawFault(scene))
  return {
    seed,
    servers,
    clients,
    loss: draw.from([0, 0, 0.01, 0.1]),
    slowness: draw.from([0.2, 1, 1, 5]),
    // Dear: each handshake takes eight multiplications on a curve.
    isEncrypted: draw.chance(0.1),
    steps: [...operations, ...faults].sort((a, b) => a.at - b.at),
  }
}

interface Scene {
  readonly draw: Draw
  readonly servers: readonly ServerPlan[]
  readonly clients: readonly ClientPlan[]
  readonly lasts: Millis
}

function drawServer(draw: Draw, i: number): ServerPlan {
  return {
    name: `server${i}`,
    skew: drawSkew(draw),
    durability: draw.from(['memory', 'sync']),
    writeDelay: draw.from([1, 3, 20, 200]),
    // One of several at most: alone it could do as it likes.
    isHostile: i > 0 && i === 1 && draw.chance(0.25),
  }
}

function drawClient(draw: Draw, i: number): ClientPlan {
  return { name: `client${i}`, skew: drawSkew(draw), hasDisk: draw.chance(0.25) }
}

function drawSkew(draw: Draw): Millis {
  return draw.chance(0.5) ? 0 : draw.between(-OFF_MAX, OFF_MAX)
}

function drawAt({ draw, lasts }: Scene): Millis {
  return FIRST_AT + draw.below(lasts)
}

/** Sometimes two do the same at the same instant. */
function drawStep(scene: Scene, i: number): Step[] {
  const { draw, servers, clients } = scene
  const actors = [...clients, ...clients, ...clients, ...servers.filter(({ isHostile }) => !isHostile)]
  const at = drawAt(scene)
  const does = drawOperation(draw, i)
  const first: Step = { at, actor: draw.from(actors).name, does }
  if (!draw.chance(0.15)) return [first]
  const again = 'value' in does ? { ...does, value: does.value + 500 } : does
  return [first, { at, actor: draw.from(actors).name, does: again }]
}

function drawOperation(draw: Draw, i: number): Operation {
  const key = draw.from(['a', 'b', 'c'])
  const confirm = draw.from([0, 1, 1, 2])
  const document = draw.from(KINDS)
  const documentKey = `document-${document}`
  const drawn = draw.below(100)
  if (drawn < 35) return { kind: 'put', key, value: i, confirm }
  if (drawn < 55) return { kind: 'get', key: draw.from([key, key, key, 'lent', '==x']) }
  if (drawn < 63) return { kind: 'delete', key, confirm }
  if (drawn < 78) return { kind: 'change', key: documentKey, document, value: i }
  if (drawn < 86) return { kind: 'read-document', key: documentKey, document }
  if (drawn < 91) return { kind: 'claim', key: draw.from(['==x', '==y']), value: i }
  if (drawn < 94) return { kind: 'lend', key: 'lent', value: i, ttl: draw.between(1, 30) * SECOND }
  return { kind: 'subscribe', key: draw.from([key, key, documentKey]) }
}

function drawFault(scene: Scene): Step {
  return { at: drawAt(scene), fault: faultOf(scene) }
}

function faultOf(scene: Scene): Fault {
  const { draw, servers, clients, lasts: whole } = scene
  const all = [...servers, ...clients].map(({ name }) => name)
  const host = draw.from(all)
  const lasts = draw.between(100, Math.round(whole / 2))
  const hostile = servers.find(({ isHostile }) => isHostile)
  const drawn = draw.below(hostile === undefined ? 90 : 120)
  if (drawn < 25) return { kind: 'part', hosts: all.filter(() => draw.chance(0.5)), lasts }
  if (drawn < 40) return { kind: 'cut', hosts: [host, draw.from(all)] }
  if (drawn < 65) return { kind: 'crash', host, how: draw.from(['process', 'power']), disk: drawDisk(draw), lasts }
  if (drawn < 75) return { kind: 'freeze', host, lasts }
  if (drawn < 82) return { kind: 'clock', host, by: draw.between(-OFF_MAX, OFF_MAX), lasts }
  if (drawn < 90) return { kind: 'disk-fails', host, lasts }
  return { kind: 'mischief', host: hostile?.name ?? host, what: draw.from(MISCHIEFS), count: draw.between(1, 8) }
}

function drawDisk(draw: Draw): 'kept' | 'lost' | 'old' {
  return draw.from(['kept', 'kept', 'kept', 'lost', 'old'])
}
