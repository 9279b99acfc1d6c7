// @ts-check
/**
 * `npm run measure:discovery [-- --small | --quick]`: writes the part of docs/measurements/discovery.md that comes from simulations: from the start of a
 * program to the first proven server, and from the end of a bad day to three servers for everybody.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measured, versionOf } from './measured.js'

const IS_QUICK = process.argv.includes('--quick')
const FOLDER = IS_QUICK ? join(tmpdir(), 'shoal-measurements') : 'docs/measurements'
const FILE = join(FOLDER, 'discovery.md')
const MEASURED = ['base', 'dht', 'peer', 'discovery', 'sim'].map((name) => `packages/${name}/src`)
const BEGIN = '<!-- begin simulator -->'
const END = '<!-- end simulator -->'
const SIZES = IS_QUICK ? [60] : process.argv.includes('--small') ? [300, 1_000] : [1_000, 10_000]
const SEEDS = IS_QUICK ? [1] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const HOURS = IS_QUICK ? 0.01 : 0.05
const NODES_ON_A_BAD_DAY = IS_QUICK ? 60 : 150

/** @param {string} scenario @param {{ nodes: number, hours: number, seed: number }} options @returns {Promise<any>} */
async function simulate(scenario, { nodes, hours, seed }) {
  const options = ['--nodes', String(nodes), '--hours', String(hours), '--seed', String(seed), '--json']
  const args = ['--max-semi-space-size=64', 'packages/sim/dist/cli/main.js', scenario, ...options]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`npm run sim -- ${scenario} ${options.join(' ')} ended with ${code}`)
  return JSON.parse(output).figures
}

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---:')), ...rows.map(line)].join('\n')
}

/** @param {number} ms */
function shown(ms) {
  return `${Math.round(ms).toLocaleString('en')} ms`
}

async function main() {
  const { commit, trees } = versionOf(MEASURED)
  const run = (/** @type {string} */ scenario, /** @type {Parameters<typeof simulate>[1]} */ options) =>
    measured(trees, { scenario, ...options }, () => simulate(scenario, options))
  const days = []
  for (const seed of SEEDS) days.push(await run('swarm-faults', { nodes: NODES_ON_A_BAD_DAY, hours: HOURS, seed }))
  const starts = []
  for (const nodes of SIZES) starts.push(await run('swarm-start', { nodes, hours: HOURS, seed: 1 }))
  mkdirSync(FOLDER, { recursive: true })
  const page = existsSync(FILE) ? readFileSync(FILE, 'utf8') : `# Discovery, measured\n\n${BEGIN}\n${END}\n`
  const [before, after] = page.includes(BEGIN) ? [page.split(BEGIN)[0], page.split(END)[1]] : [`${page}\n`, '\n']
  writeFileSync(FILE, `${before}${BEGIN}\n${sectionOf({ commit, starts, days })}\n${END}${after}`)
  process.stderr.write(`${FILE} is written\n`)
}

/** @param {{ commit: string, starts: readonly any[], days: readonly any[] }} all */
function sectionOf({ commit, starts, days }) {
  const startRow = (
    /** @type {number} */ nodes,
    /** @type {string} */ name,
    /** @type {any} */ { starts: count, share, ms, inRoundTrips },
  ) => [
    nodes.toLocaleString('en'),
    name,
    count,
    `${(100 * share).toFixed(1)}%`,
    shown(ms.p50),
    shown(ms.p95),
    shown(ms.p99),
    inRoundTrips.p50.toFixed(1),
  ]
  return `## In the simulator

Written by \`npm run measure:discovery\`, commit ${commit}, seed ${starts.length > 0 ? 1 : '–'}: the core of discovery over real DHT engines and simulated connections (\`@shoal/sim\`); the
same figures come out on any machine. A connection takes four round trips until both sides are proven (connection, upgrade, greeting, proof). Ten
servers announce the topic; clients come one after the other, each with several dials at once, so that the nearest server is proven first.

### From the start of a program to the first proven server

Cold: nothing known but the topic and one bootstrap node. Warm: the same program again, with what it remembers.

${table(
  ['nodes of the DHT', 'start', 'starts', 'served', 'p50', 'p95', 'p99', 'p50 in median round trips'],
  starts.flatMap(({ cold, warm }, i) => [startRow(SIZES[i] ?? 0, 'cold', cold), startRow(SIZES[i] ?? 0, 'warm', warm)]),
)}

### After a bad day

Six servers, forty clients, ${NODES_ON_A_BAD_DAY} other nodes. The network falls into three parts for ${Math.round(HOURS * 60)} minutes; meanwhile two servers lose power, two servers and a
third of the clients get other addresses, and a new server comes. From the healing until a client is connected to three servers:

${table(
  ['seed', 'served while parted', 'served within 30 s', 'p50', 'p95', 'last client'],
  days.map(({ served, healedMs }, i) => [
    SEEDS[i] ?? 0,
    `${(100 * served.whileParted).toFixed(0)}%`,
    `${(100 * served.in30Seconds).toFixed(1)}%`,
    shown(healedMs.p50),
    shown(healedMs.p95),
    shown(healedMs.most),
  ]),
)}
`
}

await main()
