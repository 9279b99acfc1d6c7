/** Draws hosts for what scenarios have in mind. */

import { type RandomSource, randomBelow } from '@shoal/base'
import type { DhtHost, DhtWorld } from './dht-world.ts'

const TRIES_MAX = 512

/** Any node that runs just now, and is one of those wanted; `undefined` where hardly one is. */
export function pickRunning(
  dht: DhtWorld,
  isWanted: (host: DhtHost) => boolean = () => true,
): (random: RandomSource) => DhtHost | undefined {
  return (random) => {
    for (let i = 0; i < TRIES_MAX; i++) {
      const host = dht.nodes[randomBelow(random, dht.nodes.length)]
      if (host?.state === 'running' && isWanted(host)) return host
    }
    return undefined
  }
}
