/** One acceptance figure: what was measured, against the bound it must keep. */
import { type Figure, rounded } from './figures.ts'

export interface AcceptOptions {
  readonly quick: boolean
  /** Progress for people, on stderr. */
  readonly log: (line: string) => void
}

export interface Verdict {
  readonly what: string
  readonly figure: Figure
  readonly unit: string
  readonly bound: number
  readonly side: 'at most' | 'at least'
  readonly passed: boolean
}

/** Passes where the median is at most the bound. */
export function atMost(bound: number, unit: string, what: string, figure: Figure): Verdict {
  return { what, figure, unit, bound, side: 'at most', passed: figure.median <= bound }
}

/** Passes where the median is at least the bound. */
export function atLeast(bound: number, unit: string, what: string, figure: Figure): Verdict {
  return { what, figure, unit, bound, side: 'at least', passed: figure.median >= bound }
}

export function told({ what, figure, unit, bound, side, passed }: Verdict): string {
  const range =
    figure.samples.length > 1
      ? ` (${rounded(figure.min)} to ${rounded(figure.max)}, ${figure.samples.length} runs)`
      : ''
  return `${passed ? 'pass' : 'FAIL'}  ${what}: ${rounded(figure.median)} ${unit}${range}, ${side} ${rounded(bound)} ${unit}`
}
