/**
 * Stores that are far too small, an info hash that everybody announces and hundreds that one does; somebody who wants long answers to short
 * questions; and the same lookups again when all of it should be forgotten.
 */

import { MINUTE, SECOND } from '@shoal/base'
import { nodeIdBytes } from '@shoal/dht/core'
import { type DhtHost, DhtWorld } from '../dht/dht-world.ts'
import { Amplifier } from '../enemies/amplifier.ts'
import { pass, type Scenario, type ScenarioOptions } from './scenario.ts'

const ARRIVAL_MS = 30
const SETTLING_MS = 30 * SECOND
const LIMITS = { infoHashesMax: 12, peersMax: 120, peersPerInfoHashMax: 100 }
const HASHES_OF_ONE = 300
const BETWEEN_ANNOUNCEMENTS_MS = 500
/** Past the lifetime of an announcement. */
const FORGOTTEN_MS = 33 * MINUTE

export const crowdedStores: Scenario = {
  name: 'crowded-stores',
  summary: 'stores that are too small, a popular info hash, hundreds of others, and half an hour to forget them',
  defaults: { nodes: 120, hours: 0.6 },
  run(options) {
    const { seed, nodes, observers = [] } = options
    const dht = new DhtWorld({ seed })
    const { world } = dht
    for (const observer of observers) world.observe(observer(world))
    for (let i = 0; i < nodes; i++)
      dht.add({ name: `node-${i}`, limits: LIMITS, ...(i % 5 === 0 ? { mode: 'client' } : {}) })
    dht.startOver(nodes * ARRIVAL_MS, dht.nodes)
    pass(world, nodes * ARRIVAL_MS + SETTLING_MS, 'everybody joins', options)

    for (let i = 0; i < HASHES_OF_ONE; i++) announce(dht, `rare ${i}`, dht.nodes[i % nodes] as DhtHost)
    for (const host of dht.nodes) announce(dht, 'popular', host)
    pass(world, MINUTE, 'everybody announces', options)
    const victims = dht.nodes.map(({ endpoint }) => endpoint)
    const infoHash = nodeIdBytes(dht.infoHash('popular'))
    const amplifier = world.addHost({
      name: 'amplifier',
      program: { create: ({ now, random }) => new Amplifier(now, random, { victims, infoHash }) },
    })
    world.start(amplifier)
    const atOnce = lookUp(dht, 'popular', options)
    pass(world, FORGOTTEN_MS, 'all is forgotten', options)
    const later = lookUp(dht, 'popular', options)
    const { bytesReceived = 0, bytesSent = 1 } = amplifier.machine ?? {}
    const amplification = bytesReceived / bytesSent
    return { world, figures: { peersFoundAtOnce: atOnce, peersFoundLater: later, amplification } }
  },
}

function announce(dht: DhtWorld, name: string, host: DhtHost): void {
  const announcement = { announce: { port: 9_000, isPortImplied: false } }
  dht.world.run(host, (node, now) => node.lookup(now, dht.infoHash(name), announcement))
  dht.world.advance(BETWEEN_ANNOUNCEMENTS_MS)
}

/** The mean number of peers that some nodes find. */
function lookUp(dht: DhtWorld, name: string, options: ScenarioOptions): number {
  const records = dht.nodes.slice(0, 20).map((host) => {
    return dht.world.run(host, (node, now) => node.lookup(now, dht.infoHash(name)))
  })
  pass(dht.world, 20 * SECOND, 'some look it up', options)
  return records.reduce((sum, record) => sum + (record?.peers.size ?? 0), 0) / records.length
}
