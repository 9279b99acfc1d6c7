/** One comparison of the bench, as it is printed and as JSON. */
import type { Figure } from './figures.ts'

export interface RowOptions {
  readonly quick: boolean
  /** Progress for people, on stderr. */
  readonly log: (line: string) => void
}

export interface Subject {
  readonly name: string
  readonly figure: Figure
  /** Other medians of the same runs, by name. */
  readonly beside: Readonly<Record<string, number>>
}

export interface Row {
  readonly name: string
  readonly title: string
  readonly subjects: readonly Subject[]
  readonly ratios: readonly { readonly name: string; readonly value: number }[]
  readonly setting: string
}
