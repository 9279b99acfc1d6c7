/** What scenarios report alike. */

import { HOUR } from '@shoal/base'
import type { DhtWorld } from '../dht/dht-world.ts'
import type { Probes } from '../dht/probes.ts'
import { probeFigures } from '../dht/statistics.ts'
import { medianRoundTrip } from '../network/regions.ts'
import type { Figures } from './scenario.ts'

/** What users would notice, also in round trips of the dataset. */
export function figuresOf(probes: Probes): Figures {
  const figures = probeFigures(probes.results)
  const median = medianRoundTrip()
  return {
    lookups: figures.lookups,
    success: figures.success,
    abandoned: probes.abandoned,
    failedAnnounces: probes.failedAnnounces,
    firstPeerMs: { ...figures.firstPeerMs },
    firstPeerInRoundTrips: {
      p50: figures.firstPeerMs.p50 / median,
      p95: figures.firstPeerMs.p95 / median,
    },
    doneMs: { ...figures.doneMs },
    queries: { ...figures.queries },
    stalledShare: figures.stalledShare,
    announcedTo: { ...figures.announcedTo },
  }
}

/** Traffic of the whole network between two moments, for each node and hour. */
export class TrafficMeter {
  readonly #dht: DhtWorld
  #from = 0
  #sent = 0
  #bytes = 0

  constructor(dht: DhtWorld) {
    this.#dht = dht
    this.#from = dht.now
    this.#sent = dht.world.network.counters.sent
    this.#bytes = dht.world.network.counters.bytes
  }

  perNodeAndHour(nodes: number): Figures {
    const { counters } = this.#dht.world.network
    const hours = ((this.#dht.now - this.#from) / HOUR) * nodes
    return { datagrams: (counters.sent - this.#sent) / hours, bytes: (counters.bytes - this.#bytes) / hours }
  }
}
