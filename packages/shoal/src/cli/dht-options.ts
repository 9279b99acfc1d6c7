/** From flags to the options of a DHT node. */

import type { DhtOptions } from '@shoal/dht'
import type { DhtMode, NetworkFlags } from './options.ts'

/** `mode` is what the command takes where --mode is not given. */
export function dhtOptionsOf(flags: NetworkFlags, mode: DhtMode | undefined): DhtOptions {
  const chosen = flags.mode ?? mode
  return {
    ...(flags.bootstrap === undefined ? {} : { bootstrap: flags.bootstrap }),
    ...(flags.dhtPort === undefined ? {} : { port: flags.dhtPort }),
    ...(flags.bind === undefined ? {} : { host: flags.bind }),
    ...(chosen === undefined ? {} : { mode: chosen }),
    ...(flags.network === undefined ? {} : { network: flags.network }),
  }
}
