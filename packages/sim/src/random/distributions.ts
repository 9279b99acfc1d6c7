/** Draws from the distributions that measurements of networks are told in. Each takes a fixed number of random words. */

import { type RandomSource, randomFraction } from '@shoal/base'

/** Above 0, so that its logarithm is finite. */
function openFraction(random: RandomSource): number {
  return (random.uint32() + 0.5) / 0x1_0000_0000
}

export function exponential(mean: number, random: RandomSource): number {
  return -mean * Math.log(openFraction(random))
}

export interface Weibull {
  readonly shape: number
  readonly scale: number
}

export function weibull({ shape, scale }: Weibull, random: RandomSource): number {
  return scale * (-Math.log(openFraction(random))) ** (1 / shape)
}

/** The value that a draw exceeds with this probability. */
export function weibullQuantile({ shape, scale }: Weibull, exceeded: number): number {
  return scale * (-Math.log(exceeded)) ** (1 / shape)
}

/** Mean 0, standard deviation 1 (Box and Muller). */
export function normal(random: RandomSource): number {
  return Math.sqrt(-2 * Math.log(openFraction(random))) * Math.cos(2 * Math.PI * randomFraction(random))
}

/** An index, each as likely as its weight says; the weights need not sum to 1. */
export function weighted(weights: readonly number[], random: RandomSource): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let left = randomFraction(random) * total
  for (const [i, weight] of weights.entries()) {
    left -= weight
    if (left < 0) return i
  }
  return weights.length - 1
}
