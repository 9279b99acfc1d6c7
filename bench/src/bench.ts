/** `npm run bench [-- NAME …] [--quick] [--json]`: side by side with the programs that are replaced, in one run. */
import { parseArgs } from 'node:util'
import { crdtRow } from './crdt-row.ts'
import { dbRow } from './db-row.ts'
import { dhtRow } from './dht-row.ts'
import { rounded, table } from './figures.ts'
import type { Row, RowOptions } from './row.ts'

const ROWS: Record<string, (options: RowOptions) => Promise<Row>> = { dht: dhtRow, db: dbRow, crdt: crdtRow }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !(name in ROWS))
if (unknown.length > 0) {
  console.error(`no row is called ${unknown.join(', ')}: choose from ${Object.keys(ROWS).join(', ')}`)
  process.exit(2)
}

const names = positionals.length > 0 ? positionals : Object.keys(ROWS)
for (const name of names) {
  const row = await ROWS[name]?.({ quick: values.quick, log: (line) => console.error(line) })
  if (row) console.log(values.json ? JSON.stringify(row) : printed(row))
}

function printed(row: Row): string {
  const beside = Object.keys(row.subjects[0]?.beside ?? {})
  const lines = [['', 'median', 'min', 'max', ...beside]]
  for (const { name, figure, beside: others } of row.subjects) {
    const numbers = [figure.median, figure.min, figure.max, ...beside.map((key) => others[key] ?? 0)]
    lines.push([name, ...numbers.map(rounded)])
  }
  const ratios = row.ratios.map(({ name, value }) => `${name}: ${value.toFixed(2)}`).join('   ')
  return `\n${row.title}\n(${row.setting})\n\n${table(lines)}\n\n${ratios}\n`
}
