/** From flags to the options of a DHT node. */

import type { DhtOptions } from '@shoal/dht'
import type { DhtMode, NetworkFlags } from './options.ts'

/** `mode` is what the command takes where --mode is not given. */
export function dhtOptionsOf(flags: NetworkFlags, mode: DhtMode): DhtOptions {
  const { bootstrap, dhtPort, bind, network, rate, ratePerAddress } = flags
  return {
    mode: flags.mode ?? mode,
    ...(bootstrap === undefined ? {} : { bootstrap }),
    ...(dhtPort === undefined ? {} : { port: dhtPort }),
    ...(bind === undefined ? {} : { host: bind }),
    ...(network === undefined ? {} : { network }),
    limits: {
      ...(rate === undefined ? {} : { answersPerSecond: rate }),
      ...(ratePerAddress === undefined ? {} : { answersPerSecondPerAddress: ratePerAddress }),
    },
  }
}
