// @ts-check
/**
 * `npm run measure:sync [-- --quick]`: writes the part of docs/measurements/sync.md that needs no processes: what is said until two servers
 * know of each difference, by the number of records and of differences, through the bytes of every message.
 */

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ItemTree } from '../packages/tool-db/dist/core/sync/item-tree.js'
import { openReconciliation, reconcile } from '../packages/tool-db/dist/core/sync/reconcile.js'
import { parseSync, serialiseSync } from '../packages/tool-db/dist/core/sync/sync-message.js'
import { SHA_256 } from '../packages/tool-db/dist/runtime/sha-256.js'
import { versionOf } from './measured.js'
import { lineChart } from './plot.js'

const IS_QUICK = process.argv.includes('--quick')
const FOLDER = IS_QUICK ? join(tmpdir(), 'shoal-measurements') : 'docs/measurements'
const FILE = join(FOLDER, 'sync.md')
const BEGIN = '<!-- begin reconciliation -->'
const END = '<!-- end reconciliation -->'
const SIZES = IS_QUICK ? [1_000, 10_000] : [1_000, 10_000, 100_000, 1_000_000]
const DIFFERENCES = [0, 1, 10, 100, 1_000]
const START = 1_700_000_000_000
/** A key of ten characters and a hash of 32 bytes. */
const KEY_AND_HASH_BYTES = 42
const CONTEXT = { sha256: SHA_256, salt: new Uint8Array(16).fill(1) }

/** @param {number} number @param {number} time */
function item(number, time) {
  return { time, id: new Uint8Array(createHash('sha256').update(String(number)).digest()) }
}

/** @param {ItemTree} ours @param {ItemTree} theirs */
function compare(ours, theirs) {
  let [bytes, roundTrips, found] = [0, 0, 0]
  /** @param {import('../packages/tool-db/dist/core/sync/sync-message.js').SyncMessage} message */
  const carry = (message) => {
    const written = serialiseSync(message)
    bytes += written.length
    const parsed = parseSync(written)
    if (!parsed.ok) throw new Error(parsed.reason)
    return parsed.message
  }
  let message = openReconciliation(ours, CONTEXT)
  while (message.length > 0) {
    roundTrips++
    const answer = reconcile(theirs, carry(message), CONTEXT)
    const step = reconcile(ours, carry(answer.reply), CONTEXT)
    found += answer.need.length + step.need.length
    message = step.reply
  }
  return { bytes, roundTrips, found }
}

/** @param {number} count */
function measure(count) {
  const cpu = process.cpuUsage()
  const [ours, theirs] = [1, 2].map(() => new ItemTree(SHA_256))
  if (ours === undefined || theirs === undefined) throw new Error('two trees')
  for (const tree of [ours, theirs]) {
    for (let i = 0; i < count; i++) tree.insert(item(i, START + 20 * i))
    tree.settle(Number.POSITIVE_INFINITY)
  }
  const { user, system } = process.cpuUsage(cpu)
  const rows = []
  let made = 0
  for (const differences of DIFFERENCES) {
    // Half on either side, anywhere in time.
    for (; made < differences; made++) {
      const time = START + ((made * 7_919 * 1_009) % (20 * count))
      ;(made % 2 === 0 ? ours : theirs).insert(item(count + made, time))
    }
    const { found, ...cost } = compare(ours, theirs)
    if (found !== differences) throw new Error(`${found} of ${differences} differences were found`)
    rows.push({ count, differences, ...cost })
  }
  return { rows, microsPerItem: (user + system) / (2 * count) }
}

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---:')), ...rows.map(line)].join('\n')
}

const shown = (/** @type {number} */ number) => Math.round(number).toLocaleString('en')

const measures = SIZES.map(measure)
const rows = measures.flatMap((each) => each.rows)
const chart = await lineChart({
  title: 'Bytes until two servers know of every difference',
  x: { title: 'differences', isLog: true },
  y: { title: 'bytes', isLog: true },
  series: SIZES.map((count) => ({
    name: `${shown(count)} records`,
    points: rows
      .filter((row) => row.count === count && row.differences > 0)
      .map(({ differences, bytes }) => /** @type {const} */ ([differences, bytes])),
  })),
})
mkdirSync(FOLDER, { recursive: true })
writeFileSync(join(FOLDER, 'sync-bytes.svg'), chart)
const { commit } = versionOf(['packages/tool-db/src/core/sync', 'scripts/measure-sync.js'])
const part = `${BEGIN}
Of commit ${commit}. Bytes are those of the steps; in their messages they stand as base64, a third longer.

${table(
  ['records', 'differences', 'round trips', 'bytes', 'for each difference', 'all keys and hashes'],
  rows.map(({ count, differences, roundTrips, bytes }) => [
    shown(count),
    shown(differences),
    roundTrips,
    shown(bytes),
    differences === 0 ? '' : shown(bytes / differences),
    shown(count * KEY_AND_HASH_BYTES),
  ]),
)}

![Bytes by differences](sync-bytes.svg)

Building and hashing the index took ${measures.at(-1)?.microsPerItem.toFixed(1)} µs of processor time for each of ${shown(SIZES.at(-1) ?? 0)} items.
${END}`
const page = existsSync(FILE) ? readFileSync(FILE, 'utf8') : `# Catching up, measured\n\n${BEGIN}\n${END}\n`
writeFileSync(FILE, `${page.split(BEGIN)[0]}${part}${page.split(END)[1] ?? '\n'}`)
console.log(`written to ${FILE}`)
