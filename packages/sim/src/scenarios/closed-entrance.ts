/**
 * All bootstrap nodes are gone, or liars stand in their place. Whoever has a state file comes in by it; whoever has none waits, and comes in
 * when they are back.
 */

import { type Endpoint, MINUTE, type Millis, type RandomSource, randomBelow } from '@shoal/base'
import type { DhtHost } from '../dht/dht-world.ts'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { FORGED_PORT, LIES, liarProgram } from '../enemies/liar.ts'
import type { World } from '../world/world.ts'
import { figuresOf } from './figures.ts'
import { type Figures, hoursOf, pass, probesIn, type Scenario, type ScenarioOptions } from './scenario.ts'
import { warmWorld } from './warm-world.ts'

const NEWCOMERS = 20
/** Whoever knows few asks at the entrance again every five minutes or so. */
const REOPENED_MS: Millis = 8 * MINUTE
const DEFAULTS = { nodes: 300, hours: 0.1 }

export const deadEntrance: Scenario = {
  name: 'dead-entrance',
  summary: 'all bootstrap nodes are gone: by the state file one comes in all the same',
  defaults: DEFAULTS,
  run: (options) => closedEntrance(options, () => []),
}

export const lyingEntrance: Scenario = {
  name: 'lying-entrance',
  summary: 'all bootstrap nodes lie, each in its own way: by the state file one comes in all the same',
  defaults: DEFAULTS,
  run: (options) => closedEntrance(options, startLiars),
}

/** One of each kind. */
function startLiars(world: World): readonly Endpoint[] {
  return LIES.map((lie) => {
    const host = world.addHost({ name: `liar ${lie}`, program: liarProgram(lie) })
    world.start(host)
    return host.endpoint
  })
}

function closedEntrance(
  options: ScenarioOptions,
  instead: (world: World) => readonly Endpoint[],
): { world: World; figures: Figures } {
  let stand: readonly Endpoint[] = []
  let isOpen = false
  const { dht, newcomer } = warmWorld({
    options,
    nodeInit: () => ({ bootstrap: () => (isOpen ? dht.entrance() : stand) }),
  })
  const { world } = dht
  stand = [...dht.entrance(), ...instead(world)]
  const asleep = dht.nodes.filter(({ index }) => index % 10 === 0)
  for (const host of [...asleep, ...dht.bootstrapHosts]) world.stop(host)
  const random = world.random('newcomers')
  const newcomers = Array.from({ length: NEWCOMERS }, () => newcomer(random))
  for (const host of newcomers) world.start(host)
  const looker = (draw: RandomSource): DhtHost | undefined => asleep.splice(randomBelow(draw, asleep.length), 1)[0]
  const isOld = (host: DhtHost): boolean => !newcomers.includes(host)
  const probes = new Probes({ dht, announcer: pickRunning(dht, isOld), looker })
  probes.schedule(Math.min(probesIn(options), asleep.length), hoursOf(options))
  pass(world, hoursOf(options) + 2 * MINUTE, 'sleepers come in by their state files', options)
  const honest = new Set([...dht.bootstrapHosts, ...dht.nodes].map(({ endpoint }) => endpoint.host))
  const isIn = ({ machine }: DhtHost): boolean =>
    [...(machine?.engine.contacts() ?? [])].some(({ address }) => honest.has(address.host))
  const inBefore = newcomers.filter(isIn).length
  isOpen = true
  for (const host of dht.bootstrapHosts) world.start(host)
  pass(world, REOPENED_MS, 'the entrance is open again', options)
  const inAfter = newcomers.filter(isIn).length
  const forgedPeersTold = probes.strangers.filter((peer) => peer.endsWith(`:${FORGED_PORT}`)).length
  return { world, figures: { ...figuresOf(probes), newcomers: NEWCOMERS, inBefore, inAfter, forgedPeersTold } }
}
