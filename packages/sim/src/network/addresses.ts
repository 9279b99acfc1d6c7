/**
 * Public IPv4 addresses as the world has them: from the blocks of the registry of the region (IANA IPv4 address space registry), and
 * crowded into few providers' /16 rather than spread evenly, since rules against crowds must be met by honest crowds as well.
 */

import { parseIp, type RandomSource, randomBelow, randomFraction, scopeOf } from '@shoal/base'

/** First bytes of blocks given to ARIN, RIPE, LACNIC and APNIC; in the order of `REGIONS`. */
const FIRST_BYTES: readonly (readonly number[])[] = [
  [24, 50, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 96, 97, 98, 99, 104, 107, 108, 173, 174, 184],
  [
    2, 5, 31, 37, 46, 62, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 109, 176, 178,
    188,
  ],
  [177, 179, 181, 186, 187, 189, 190, 191, 200, 201],
  [14, 27, 36, 39, 42, 58, 59, 60, 61, 103, 106, 111, 112, 113, 114, 115, 116, 117, 118, 119, 122, 123, 124, 125],
  [126, 133, 153, 210, 219, 220],
  [1, 49, 101, 110, 120, 121, 203],
]
/** A host is as likely with a provider that others have already as with a new one: sizes are then heavy-tailed. */
const SHARED_PROVIDER = 0.7

export class AddressPlan {
  readonly #random: RandomSource
  /** By region; a provider stands here once for each of its hosts. BOUNDED: by the hosts that were ever given an address. */
  readonly #providers: [number, number][][] = FIRST_BYTES.map(() => [])
  /** BOUNDED: as #providers. */
  readonly #taken = new Set<string>()

  constructor(random: RandomSource) {
    this.#random = random
  }

  /** An address in the region (an index into `REGIONS`) that nobody has. */
  take(region: number): string {
    for (;;) {
      const [first, second] = this.#provider(region)
      const host = `${first}.${second}.${randomBelow(this.#random, 256)}.${1 + randomBelow(this.#random, 254)}`
      if (this.takeExactly(host)) return host
    }
  }

  /** This one address; false where somebody has it, or nobody may. */
  takeExactly(host: string): boolean {
    if (this.#taken.has(host) || scopeOf(parseIp(host) ?? new Uint8Array(4)) !== 'global') return false
    this.#taken.add(host)
    return true
  }

  #provider(region: number): [number, number] {
    const known = this.#providers[region] as [number, number][]
    const isShared = known.length > 0 && randomFraction(this.#random) < SHARED_PROVIDER
    const firstBytes = FIRST_BYTES[region] as readonly number[]
    const provider: [number, number] = isShared
      ? (known[randomBelow(this.#random, known.length)] as [number, number])
      : [firstBytes[randomBelow(this.#random, firstBytes.length)] as number, randomBelow(this.#random, 256)]
    known.push(provider)
    return provider
  }
}
