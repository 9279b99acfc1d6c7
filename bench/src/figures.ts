/** Repeated measurements and how they are told: the median, with the least and the most beside it. */

export interface Figure {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly samples: readonly number[]
}

export function figureOf(samples: readonly number[]): Figure {
  if (samples.length === 0) throw new Error('a figure needs at least one sample')
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
  return { median, min: sorted[0] as number, max: sorted.at(-1) as number, samples }
}

/** The ratio of two medians, with the ratios of each repetition as its range. */
export function ratioOf(a: Figure, b: Figure): Figure {
  const each = figureOf(a.samples.map((sample, i) => sample / (b.samples[i] ?? b.median)))
  return { ...each, median: a.median / b.median }
}

/** Whole numbers as they are and above a hundred, three digits below. */
export function rounded(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value)
    ? Math.round(value).toLocaleString('en')
    : value.toPrecision(3)
}

/** Lines of cells, as wide as their widest; the first column is left-aligned, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .join('\n')
}
