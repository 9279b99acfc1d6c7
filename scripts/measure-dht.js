// @ts-check
/**
 * `npm run measure [-- --small | --quick] [--alone]`: writes docs/measurements/dht.md and its charts from simulations, two at a time or one;
 * with `--small` of networks up to a thousand nodes only, in a quarter of an hour where all takes longer. The same seeds give the
 * same figures on any machine; `--quick` takes few small networks, to see that it works, and writes to a folder of its own. Each point is kept
 * as soon as it is measured, so that a run that was cut short goes on where it was; what was measured with other code is not taken.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measured, versionOf } from './measured.js'
import { lineChart } from './plot.js'

const IS_QUICK = process.argv.includes('--quick')
const SEED = 1
const FOLDER = IS_QUICK ? join(tmpdir(), 'shoal-measurements') : 'docs/measurements'
const AT_ONCE = process.argv.includes('--alone') ? 1 : 2
/** What the figures hang on. */
const MEASURED = ['packages/base/src', 'packages/dht/src', 'packages/sim/src']

/** @typedef {import('@shoal/sim').Figures} Figures */
/** @typedef {{ readonly kind: 'steady' | 'cold' | 'warm' | 'under' | 'siege', readonly nodes: number, readonly hours: number, readonly [more: string]: any }} Point */

const IS_SMALL = process.argv.includes('--small')
const SIZES = IS_QUICK ? [60, 120] : [100, 300, 1_000, ...(IS_SMALL ? [] : [3_000, 10_000])]
const NODES = IS_QUICK ? 60 : IS_SMALL ? 300 : 1_000
const LOOKUPS = IS_QUICK ? 30 : 600
const CHURN = IS_QUICK ? [0, 4] : IS_SMALL ? [0, 1, 8] : [0, 1, 4, 16]
const LOSS = IS_QUICK ? [0, 0.2] : IS_SMALL ? [0, 0.2, 0.4] : [0, 0.1, 0.2, 0.3, 0.5]
const CLUSTERS = IS_QUICK ? [8] : IS_SMALL ? [16, 64] : [8, 32, 64, 128]
const HOURS = IS_QUICK ? 0.01 : 0.2

/** In a process of its own: one point, its figures as JSON on stdout. @param {Point} point */
async function measurePoint(point) {
  const { besiege, lookupsUnder, runScenario, SCENARIOS } = await import('@shoal/sim')
  const { kind, nodes, hours } = point
  const options = { seed: SEED, nodes, hours }
  const scenario = { steady: 'steady-state', cold: 'cold-start', warm: 'warm-start', under: '', siege: '' }[kind]
  if (kind === 'under') return lookupsUnder(options, point.conditions, point.lookups)
  if (kind === 'siege') return besiege(options, point.siege).figures
  const named = SCENARIOS[scenario]
  if (named === undefined) throw new Error(`no scenario is called ${scenario}`)
  return runScenario(named, options).figures
}

/** @param {readonly Point[]} points @param {string | undefined} trees @returns {Promise<any[]>} */
async function measureAll(points, trees) {
  /** @type {any[]} */
  const results = []
  let next = 0
  const work = async () => {
    while (next < points.length) {
      const index = next++
      const point = /** @type {Point} */ (points[index])
      const began = performance.now()
      results[index] = await measured(trees, { seed: SEED, ...point }, () => inAProcess(point))
      const { kind, nodes } = point
      const seconds = Math.round((performance.now() - began) / 1_000)
      process.stderr.write(`${index + 1} of ${points.length}: ${kind}, ${nodes} nodes, ${seconds} s\n`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return results
}

/** @param {Point} point @returns {Promise<any>} */
async function inAProcess(point) {
  const args = ['--max-semi-space-size=64', import.meta.filename, '--point', JSON.stringify(point)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += String(chunk)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${JSON.stringify(point)} ended with ${code}`)
  return JSON.parse(output)
}

/** @param {readonly string[]} head @param {readonly (readonly (string | number)[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly (string | number)[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---:')), ...rows.map(line)].join('\n')
}

/** @param {number} value */
function shown(value) {
  if (!Number.isFinite(value)) return '–'
  if (Number.isInteger(value)) return value.toLocaleString('en')
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3)
}

/** @param {number} share */
function percent(share) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(share > 0.99 && share < 1 ? 2 : 1)}%` : '–'
}

const PERCENTILES = /** @type {const} */ (['p50', 'p95', 'p99'])

/** @param {string} key @param {readonly number[]} xs @param {readonly any[]} figures */
function percentileLines(key, xs, figures) {
  return PERCENTILES.map((name) => ({
    name,
    points: xs.map((x, i) => /** @type {[number, number]} */ ([x, figures[i][key][name]])),
  }))
}

/** @param {string} name @param {Parameters<typeof lineChart>[0]} chart @returns {Promise<string>} */
async function draw(name, chart) {
  writeFileSync(join(FOLDER, `${name}.svg`), await lineChart(chart))
  return `![${chart.title}](${name}.svg)`
}

const SIZE_AXIS = /** @type {const} */ ({
  title: 'nodes',
  isLog: true,
  values: SIZES,
  format: ',d',
})

async function main() {
  mkdirSync(FOLDER, { recursive: true })
  // What is measured is lookups, not hours: large networks have less time.
  const hoursOf = (/** @type {number} */ nodes) => (nodes > 1_000 ? HOURS / 2 : HOURS)
  const sized = (/** @type {Point['kind']} */ kind) => SIZES.map((nodes) => ({ kind, nodes, hours: hoursOf(nodes) }))
  const under = (/** @type {object} */ conditions) => ({
    kind: /** @type {const} */ ('under'),
    nodes: NODES,
    hours: HOURS,
    conditions,
    lookups: LOOKUPS,
  })
  const growthOf = (/** @type {number} */ nodes) => ({ ...under({}), nodes, hours: HOURS / 2 })
  const sieges = CLUSTERS.flatMap((cluster) =>
    [true, false].flatMap((isDefended) =>
      [true, false].map((isSecure) => ({
        kind: /** @type {const} */ ('siege'),
        nodes: NODES,
        hours: HOURS / 4,
        siege: { isSecure, isDefended, cluster },
      })),
    ),
  )
  const groups = [
    sized('steady'),
    sized('warm'),
    sized('cold'),
    SIZES.map(growthOf),
    CHURN.map((churn) => under({ churn, guardedShare: 0.667 })),
    LOSS.map((loss) => under({ loss })),
    sieges,
  ]
  const points = groups.flat()
  // The smallest first: a run that is cut short then has most of them.
  const order = points.map((_, i) => i).sort((a, b) => (points[a]?.nodes ?? 0) - (points[b]?.nodes ?? 0))
  const { commit, trees } = versionOf(MEASURED)
  const inOrder = await measureAll(
    order.map((i) => /** @type {Point} */ (points[i])),
    trees,
  )
  /** @type {any[]} */
  const results = []
  for (const [at, i] of order.entries()) results[i] = inOrder[at]
  let from = 0
  const [steady, warm, cold, growth, churn, loss, siege] = groups.map((group) =>
    results.slice(from, (from += group.length)),
  )
  const page = await write(commit, { steady, warm, cold, growth, churn, loss, siege })
  writeFileSync(join(FOLDER, 'dht.md'), page)
  process.stderr.write(`${join(FOLDER, 'dht.md')} is written\n`)
}

/** @param {string} commit @param {Record<string, any[] | undefined>} all */
async function write(commit, { steady = [], warm = [], cold = [], growth = [], churn = [], loss = [], siege = [] }) {
  const trips =
    steady[0]?.firstPeerMs === undefined ? Number.NaN : steady[0].firstPeerMs.p50 / steady[0].firstPeerInRoundTrips.p50
  const siegeRow = (/** @type {number} */ cluster, /** @type {number} */ i) => [
    cluster,
    ...siege.slice(4 * i, 4 * i + 4).map(({ success }) => percent(success)),
  ]
  return `# The DHT, measured

Written by \`npm run measure${IS_SMALL ? ' -- --small' : ''}\` and not by hand: real engines in simulated networks (\`@shoal/sim\`), seed ${SEED}, commit ${commit};
the same figures come out on any machine. What the networks are like, and which publications their delays, sessions and NATs are taken from, is in
[the guide of the simulator](../guides/simulator.md). The median round trip between two nodes of the dataset is ${shown(trips)} ms.

A lookup here is one that looks for a peer that was announced a minute before. "First peer" is the time until that or another peer is
handed out, "complete" until the lookup is over.

## Lookups in a network at rest

${table(
  ['nodes', 'lookups', 'found', 'first peer p50', 'p95', 'p99', 'complete p50', 'p95', 'p99', 'queries'],
  SIZES.map((n, i) => [shown(n), ...lookupCells(steady[i])]),
)}

${await draw('dht-first-peer', { title: 'Time to the first peer, network at rest', x: SIZE_AXIS, y: { title: 'ms' }, series: percentileLines('firstPeerMs', SIZES, steady) })}
${await draw('dht-complete', { title: 'Time to completion, network at rest', x: SIZE_AXIS, y: { title: 'ms' }, series: percentileLines('doneMs', SIZES, steady) })}

## After a start

Warm: with a state file of yesterday, a day's churn later. Cold: with an empty disk, through one bootstrap node.

${table(
  ['nodes', 'start', 'lookups', 'found', 'first peer p50', 'p95', 'p99', 'complete p50', 'p95', 'p99', 'queries'],
  SIZES.flatMap((n, i) => [
    [shown(n), 'warm', ...lookupCells(warm[i])],
    [shown(n), 'cold', ...lookupCells(cold[i])],
  ]),
)}

${await draw('dht-start', {
  title: 'Time to the first peer after a start',
  x: SIZE_AXIS,
  y: { title: 'ms' },
  series: [
    ...percentileLines('firstPeerMs', SIZES, warm)
      .slice(0, 2)
      .map(({ name, points }) => ({ name: `warm ${name}`, points })),
    ...percentileLines('firstPeerMs', SIZES, cold)
      .slice(0, 2)
      .map(({ name, points }) => ({ name: `cold ${name}`, points })),
  ],
})}

## What it costs

Datagrams and bytes of a lookup are its questions and their answers (UDP payload). A node at rest keeps its table: pings and refreshing walks, its own and those that it answers.

${table(
  ['nodes', 'queries of a lookup', 'datagrams', 'bytes', 'at rest, datagrams a node and hour', 'bytes a node and hour'],
  SIZES.map((n, i) => [
    shown(n),
    shown(growth[i].queries.mean),
    shown(growth[i].perLookup.datagrams),
    shown(growth[i].perLookup.bytes),
    shown(steady[i].perIdleNodeAndHour.datagrams),
    shown(steady[i].perIdleNodeAndHour.bytes),
  ]),
)}

${await draw('dht-cost', { title: 'Datagrams of a lookup', x: SIZE_AXIS, y: { title: 'datagrams', domain: [0, 60] }, series: [{ name: 'datagrams', points: SIZES.map((n, i) => [n, growth[i].perLookup.datagrams]) }] })}
${await draw('dht-rest', { title: 'Traffic of a node at rest', x: SIZE_AXIS, y: { title: 'bytes an hour' }, series: [{ name: 'bytes', points: SIZES.map((n, i) => [n, steady[i].perIdleNodeAndHour.bytes]) }] })}

## Under churn

${shown(NODES)} nodes, two in three behind a NAT. 1: sessions as long as on Mainline; ${CHURN.at(-1)}: so many times shorter.

${table(
  ['churn', 'found', 'first peer p50', 'p95', 'complete p50', 'p95', 'queries'],
  CHURN.map((x, i) => [x, ...shortCells(churn[i])]),
)}

${await draw('dht-churn', { title: 'Lookups that find the peer, under churn', x: { title: 'times the churn of Mainline' }, y: { title: 'share', domain: [0.9, 1], format: '.0%' }, series: [{ name: 'found', points: CHURN.map((x, i) => [x, churn[i].success]) }] })}

## Under loss

${shown(NODES)} nodes; each datagram is lost with this probability, on top of nothing else.

${table(
  ['loss', 'found', 'first peer p50', 'p95', 'complete p50', 'p95', 'queries'],
  LOSS.map((x, i) => [percent(x), ...shortCells(loss[i])]),
)}

${await draw('dht-loss', { title: 'Lookups that find the peer, under loss', x: { title: 'loss', format: '.0%' }, y: { title: 'share', domain: [0, 1], format: '.0%' }, series: [{ name: 'found', points: LOSS.map((x, i) => [x, loss[i].success]) }] })}

## Under siege

${shown(NODES)} nodes, half of them with ids that do not follow from their addresses (BEP 42), and around each of five info hashes so many ids that lie closer
than anybody honest and answer with nothing but each other; up to ${5 * (CLUSTERS.at(-1) ?? 0)} in all. Without the defence: ids are not checked, crowds not noticed, prefixes not counted.

${table(['ids in the cluster', 'valid ids', 'invalid ids', 'valid ids, no defence', 'invalid ids, no defence'], CLUSTERS.map(siegeRow))}

${await draw('dht-siege', {
  title: 'Lookups that find the peer, under siege',
  x: { title: 'ids in the cluster' },
  y: { title: 'share', domain: [0, 1], format: '.0%' },
  series: ['valid ids', 'invalid ids', 'valid ids, no defence', 'invalid ids, no defence'].map((name, k) => ({
    name,
    points: CLUSTERS.map((x, i) => [x, siege[4 * i + k].success]),
  })),
})}
`
}

/** @param {any} figures */
function lookupCells({ lookups, success, firstPeerMs, doneMs, queries }) {
  const times = [firstPeerMs, doneMs].flatMap((spread) => PERCENTILES.map((name) => `${shown(spread[name])} ms`))
  return [shown(lookups), percent(success), ...times, shown(queries.mean)]
}

/** @param {any} figures */
function shortCells({ success, firstPeerMs, doneMs, queries }) {
  const times = [firstPeerMs, doneMs].flatMap((spread) => [`${shown(spread.p50)} ms`, `${shown(spread.p95)} ms`])
  return [percent(success), ...times, shown(queries.mean)]
}

const at = process.argv.indexOf('--point')
if (at >= 0) process.stdout.write(JSON.stringify(await measurePoint(JSON.parse(process.argv[at + 1] ?? '{}'))))
else await main()
