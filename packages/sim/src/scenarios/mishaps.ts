/**
 * What happens to computers: processes that stand still for a while (suspended, swapping), addresses that change, clocks that are set, forward or back,
 * power that fails and takes the state file along. All of it again and again, to another node each time, while people look for things.
 */

import { MINUTE, type Millis, type RandomSource, randomBelow, SECOND } from '@shoal/base'
import type { DhtHost, DhtWorld } from '../dht/dht-world.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { exponential } from '../random/distributions.ts'
import { figuresOf } from './figures.ts'
import { hoursOf, pass, probesIn, type Scenario } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

/** One in so many nodes meets with something in a minute. */
const NODES_A_MINUTE = 50
const FROZEN_MS_MAX: Millis = 2 * MINUTE
const JUMP_MS_MAX: Millis = 5 * MINUTE
const OUTAGE_MS: Millis = 20 * SECOND

const MISHAPS = ['freeze', 'move', 'clock', 'power'] as const

export const mishaps: Scenario = {
  name: 'mishaps',
  summary: 'nodes freeze, move to other addresses, have their clocks set and lose power with their state file',
  defaults: { nodes: 500, hours: 0.1 },
  run(options) {
    const { dht } = warmWorld({ options })
    const { world } = dht
    const counts = { freeze: 0, move: 0, clock: 0, power: 0 }
    const end = world.now + hoursOf(options)
    const random = world.random('mishaps')
    const running = pickRunning(dht)
    const mean = (NODES_A_MINUTE * MINUTE) / options.nodes
    const strike = (): void => {
      const host = running(random)
      const kind = MISHAPS[randomBelow(random, MISHAPS.length)] ?? 'freeze'
      if (host !== undefined) {
        befall(dht, host, kind, random)
        counts[kind]++
      }
      const at = world.now + exponential(mean, random)
      if (at < end) world.at(at, strike)
    }
    world.at(world.now + exponential(mean, random), strike)
    const probes = new Probes({ dht, announcer: running, looker: running })
    probes.schedule(probesIn(options), hoursOf(options))
    pass(world, hoursOf(options) + 2 * MINUTE, 'things happen to nodes', options)
    return { world, figures: { ...figuresOf(probes), mishaps: counts } }
  },
}

function befall({ world }: DhtWorld, host: DhtHost, kind: (typeof MISHAPS)[number], random: RandomSource): void {
  switch (kind) {
    case 'freeze':
      world.freeze(host)
      world.at(world.now + randomBelow(random, FROZEN_MS_MAX), () => world.thaw(host))
      break
    case 'move':
      world.move(host)
      break
    case 'clock':
      world.jumpClock(host, randomBelow(random, 2 * JUMP_MS_MAX) - JUMP_MS_MAX)
      break
    case 'power':
      world.stop(host, 'crash')
      world.loseState(host)
      world.at(world.now + OUTAGE_MS, () => world.start(host))
      break
  }
}
