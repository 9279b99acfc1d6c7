/**
 * Where hosts stand, and how far apart: the inter-region dataset of SimBlock for 2019.
 *
 * Source: Y. Aoki, K. Otsuki, T. Kaneko, R. Banno, K. Shudo: "SimBlock: A Blockchain Network Simulator", IEEE INFOCOM
 * Workshops 2019, whose figures are in github.com/dsg-titech/simblock,
 * simulator/src/main/java/simblock/settings/NetworkConfiguration.java (LATENCY_2019, UPLOAD_BANDWIDTH_2019,
 * DOWNLOAD_BANDWIDTH_2019, REGION_DISTRIBUTION_BITCOIN_2019).
 *
 * What is our reading of it: SimBlock calls the entries "average latency". They are as large as the round trips that other tables
 * give for the same places (Paris to New York 78 ms, Moscow to New York 131 ms, Zurich to Sydney about 350 ms at WonderProxy,
 * 2011), and twice what light in fibre needs one way, so we take them as round trips, half of it each way.
 */

import type { Millis } from '@shoal/base'

export type Region = 'north-america' | 'europe' | 'south-america' | 'asia-pacific' | 'japan' | 'australia'

export const REGIONS: readonly Region[] = [
  'north-america',
  'europe',
  'south-america',
  'asia-pacific',
  'japan',
  'australia',
]

/** LATENCY_2019, in the order of `REGIONS`. */
export const ROUND_TRIP_MS: readonly (readonly Millis[])[] = [
  [32, 124, 184, 198, 151, 189],
  [124, 11, 227, 237, 252, 294],
  [184, 227, 88, 325, 301, 322],
  [198, 237, 325, 85, 58, 198],
  [151, 252, 301, 58, 12, 126],
  [189, 294, 322, 198, 126, 16],
]

/** REGION_DISTRIBUTION_BITCOIN_2019: how many of the hosts stand where. */
export const REGION_SHARES: readonly number[] = [0.3316, 0.4998, 0.009, 0.1177, 0.0224, 0.0195]

/** UPLOAD_BANDWIDTH_2019 and DOWNLOAD_BANDWIDTH_2019, bits a second. */
export const UPLOAD_BITS_PER_SECOND: readonly number[] = [
  19_200_000, 20_700_000, 5_800_000, 15_700_000, 10_200_000, 11_300_000,
]
export const DOWNLOAD_BITS_PER_SECOND: readonly number[] = [
  52_000_000, 40_000_000, 18_000_000, 22_800_000, 22_800_000, 29_900_000,
]

/** The median round trip between two hosts drawn at random: what lookups are measured by. */
export function medianRoundTrip(): Millis {
  const pairs = ROUND_TRIP_MS.flatMap((row, a) =>
    row.map((ms, b) => ({ ms, share: (REGION_SHARES[a] as number) * (REGION_SHARES[b] as number) })),
  ).sort((x, y) => x.ms - y.ms)
  const half = pairs.reduce((sum, { share }) => sum + share, 0) / 2
  let below = 0
  for (const { ms, share } of pairs) {
    below += share
    if (below >= half) return ms
  }
  return 0
}
