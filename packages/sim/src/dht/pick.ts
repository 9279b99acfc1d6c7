/** Draws hosts for what scenarios have in mind. */

import { type RandomSource, randomBelow } from '@shoal/base'
import type { DhtHost, DhtWorld } from './dht-world.ts'

const TRIES_MAX = 64

/** Any node that runs just now; `undefined` where hardly one does. */
export function pickRunning(dht: DhtWorld): (random: RandomSource) => DhtHost | undefined {
  return (random) => {
    for (let i = 0; i < TRIES_MAX; i++) {
      const host = dht.nodes[randomBelow(random, dht.nodes.length)]
      if (host?.state === 'running') return host
    }
    return undefined
  }
}
