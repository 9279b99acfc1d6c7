/**
 * Sixty-four ids around each of some info hashes, closer than anybody honest, half of whom have ids that do not follow from their
 * addresses. Announced peers must still be found. Once with ids that BEP 42 allows and once without, and both again in a network
 * whose nodes keep none of the rules against it (`network: 'private'`: ids are not checked, crowds are not noticed, prefixes not counted).
 */

import { MINUTE, SECOND } from '@shoal/base'
import { nodeIdBytes } from '@shoal/dht/core'
import { pickRunning } from '../dht/pick.ts'
import { Probes } from '../dht/probes.ts'
import { insecureSybil, type Sybil, secureSybils, sybilProgram } from '../enemies/sybil.ts'
import { figuresOf } from './figures.ts'
import { type Figures, hoursOf, pass, type Scenario, type ScenarioOptions } from './scenario.ts'
import { type WarmWorld, warmWorld } from './warm-world.ts'

const CLUSTER = 64
const RANDOM_ID_SHARE = 0.5
/** The cluster makes itself known to this many of the honest who are closest to the target. */
const VICTIMS = 200
const TARGETS = 5
const LOOKUPS_PER_TARGET_AND_HOUR = 1_000
const SETTLING_MS = 5 * MINUTE

export const sybil: Scenario = {
  name: 'sybil',
  summary: '64 ids around one info hash, with and without valid ids, with and without the defence',
  defaults: { nodes: 1_000, hours: 0.1 },
  run(options) {
    const secure = besiege(options, { isSecure: true, isDefended: true })
    const insecure = besiege(options, { isSecure: false, isDefended: true })
    const secureBare = besiege(options, { isSecure: true, isDefended: false })
    const insecureBare = besiege(options, { isSecure: false, isDefended: false })
    return {
      world: insecureBare.world,
      worlds: [secure.world, insecure.world, secureBare.world, insecureBare.world],
      figures: {
        validIds: secure.figures,
        invalidIds: insecure.figures,
        validIdsWithoutDefence: secureBare.figures,
        invalidIdsWithoutDefence: insecureBare.figures,
      },
    }
  },
}

export interface Siege {
  /** The ids of the cluster follow from their addresses (BEP 42). */
  readonly isSecure: boolean
  readonly isDefended: boolean
  /** How many ids stand around each target. */
  readonly cluster?: number
}

export function besiege(
  options: ScenarioOptions,
  { isSecure, isDefended, cluster: size = CLUSTER }: Siege,
): { world: WarmWorld['dht']['world']; figures: Figures } {
  const warm = warmWorld({
    options,
    randomIdShare: RANDOM_ID_SHARE,
    nodeInit: () => ({ network: isDefended ? 'mainline' : 'private' }),
  })
  const { dht } = warm
  const { world } = dht
  const random = world.random('sybils')
  const names = Array.from({ length: TARGETS }, (_, i) => `besieged ${i}`)
  for (const [i, name] of names.entries()) {
    const target = dht.infoHash(name)
    const cluster: Sybil[] = isSecure
      ? secureSybils(target, size, `45.${77 + i}`)
      : Array.from({ length: size }, (_, n) =>
          insecureSybil(target, { host: `45.${100 + n}.${i}.7`, port: 6_881 }, random),
        )
    const victims = closestTo(warm, nodeIdBytes(target)).map(({ endpoint }) => endpoint)
    for (const self of cluster) {
      const program = sybilProgram(self, cluster, victims)
      world.start(world.addHost({ name: `sybil ${self.endpoint.host}`, program, address: self.endpoint.host }))
    }
  }
  pass(world, SETTLING_MS, 'the cluster makes itself known', options)
  const running = pickRunning(dht)
  let turn = 0
  const probes = new Probes({
    dht,
    announcer: running,
    looker: running,
    // Whoever announces has looked other things up before: what is usual is known.
    nameOf: () => names[turn++ % names.length] as string,
    before: (host) => {
      for (let i = 0; i < 3; i++) world.run(host, (node, now) => node.lookup(now, dht.infoHash(`else ${turn} ${i}`)))
    },
  })
  probes.schedule(Math.max(Math.round(LOOKUPS_PER_TARGET_AND_HOUR * TARGETS * options.hours), 40), hoursOf(options))
  pass(world, hoursOf(options) + 2 * MINUTE + 30 * SECOND, 'people look for what is besieged', options)
  return { world, figures: figuresOf(probes) }
}

function closestTo({ dht }: WarmWorld, target: Uint8Array): WarmWorld['dht']['nodes'] {
  const head = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  const distance = (host: WarmWorld['dht']['nodes'][number]): number =>
    host.machine === undefined ? 2 ** 32 : (head(nodeIdBytes(host.machine.engine.nodeId)) ^ head(target)) >>> 0
  return [...dht.nodes].sort((a, b) => distance(a) - distance(b)).slice(0, VICTIMS)
}
