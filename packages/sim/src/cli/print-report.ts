/** A report for people: figures indented by group, rounded to what means something. */

import type { Figures, ScenarioReport } from '../scenarios/scenario.ts'

export function printReport(report: ScenarioReport, cost: { seconds: number; megabytes: number }): void {
  const { figures, hash, events } = report
  const lines = [
    ...linesOf(figures, '  '),
    `event hash ${hash} over ${events} events`,
    `took ${cost.seconds.toFixed(1)} s and ${Math.round(cost.megabytes)} MB`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function linesOf(figures: Figures, indent: string): string[] {
  return Object.entries(figures).flatMap(([name, value]) => {
    if (typeof value !== 'object') return [`${indent}${name}: ${typeof value === 'number' ? rounded(value) : value}`]
    const parts = Object.entries(value)
    if (parts.some(([, part]) => typeof part === 'object'))
      return [`${indent}${name}`, ...linesOf(value, `${indent}  `)]
    const told = parts.map(([part, n]) => `${part} ${typeof n === 'number' ? rounded(n) : n}`)
    return [`${indent}${name}: ${told.join(', ')}`]
  })
}

function rounded(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(4).replace(/\.?0+$/, '')
}
