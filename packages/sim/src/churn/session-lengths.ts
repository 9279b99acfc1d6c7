/**
 * How long nodes stay. Sessions of peer-to-peer networks are heavy-tailed: most are short, and at any moment most nodes that are there
 * stay for long.
 *
 * - L. Wang, J. Kangasharju: "Measuring Large-Scale Distributed Systems: Case of BitTorrent Mainline DHT", IEEE P2P 2013, and their
 *   measurement page: half of the sessions on Mainline are shorter than 200 minutes, 3% are longer than 9,000.
 * - D. Stutzbach, R. Rejaie: "Understanding Churn in Peer-to-Peer Networks", IMC 2006: sessions (Kad, BitTorrent, Gnutella) fit a
 *   Weibull distribution better than an exponential or a Pareto one; arrivals of peers are not periodic.
 * - M. Steiner, T. En-Najjary, E. Biersack: "Long Term Study of Peer Behavior in the KAD DHT", ToN 2009: Weibull as well.
 *
 * Derived: the one Weibull distribution with those two quantiles of Mainline. Its shape, 0.43, lies in the range that the others found.
 */

import { MINUTE, type RandomSource, randomFraction } from '@shoal/base'
import { normal, type Weibull, weibull } from '../random/distributions.ts'

export const SESSION_LENGTH: Weibull = { shape: 0.4259, scale: 472.8 * MINUTE }

/** Mean of the distribution above, by numerical integration of its tail: 22 hours. */
export const MEAN_SESSION_MS: number = meanOf(SESSION_LENGTH)

/** Of a node that comes now. */
export function sessionLength(random: RandomSource): number {
  return weibull(SESSION_LENGTH, random)
}

/** What is left to a node that is here when we begin to look: long sessions are met more often (length bias). */
export function residualSession(random: RandomSource): number {
  const { shape, scale } = SESSION_LENGTH
  return randomFraction(random) * scale * gamma(1 + 1 / shape, random) ** (1 / shape)
}

/** Gamma distributed, for shapes of 1 or more (Marsaglia and Tsang 2000). */
function gamma(shape: number, random: RandomSource): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(random)
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - randomFraction(random)) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

function meanOf({ shape, scale }: Weibull): number {
  // With u = (t/scale)^shape the mean is the integral of scale * u^(1/shape) * e^-u over u.
  const step = 0.001
  let sum = 0
  for (let u = step / 2; u < 60; u += step) sum += u ** (1 / shape) * Math.exp(-u)
  return scale * sum * step
}
