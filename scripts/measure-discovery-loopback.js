// @ts-check
/**
 * `npm run measure:discovery:loopback [-- --quick]`: writes the part of docs/measurements/discovery.md that comes from real sockets on this machine: from
 * the making of a client to its first proven server, cold through one bootstrap node, from the peer cache, and from an invite.
 */

import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestnet, ToolDb } from 'shoal'
import { versionOf } from './measured.js'

const IS_QUICK = process.argv.includes('--quick')
const FOLDER = IS_QUICK ? join(tmpdir(), 'shoal-measurements') : 'docs/measurements'
const FILE = join(FOLDER, 'discovery.md')
const BEGIN = '<!-- begin loopback -->'
const END = '<!-- end loopback -->'
const MEASURED = ['base', 'dht', 'peer', 'discovery', 'tool-db', 'shoal'].map((name) => `packages/${name}/src`)
const STARTS = IS_QUICK ? 5 : 60
const NODES = 20
const SERVERS = 2
const TOPIC = 'measured'

/** @param {Partial<import('shoal').JoinedOptions>} options */
async function startOnce(options) {
  const began = performance.now()
  const db = new ToolDb({ store: 'memory', ...options })
  try {
    const [peer] = await once(/** @type {any} */ (db), 'connected')
    if (!peer.proven) throw new Error('the first peer has proved nothing')
    return performance.now() - began
  } finally {
    await db.close()
  }
}

/** @param {string} name @param {Partial<import('shoal').JoinedOptions>} options */
async function row(name, options) {
  const times = []
  for (let i = 0; i < STARTS; i++) times.push(await startOnce(options))
  times.sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => `${Math.round(times[Math.floor(share * times.length)] ?? 0)} ms`
  return `| ${name} | ${STARTS} | ${at(0.5)} | ${at(0.95)} | ${at(0.99)} |`
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-measured-'))
  const testnet = await createTestnet(NODES)
  const servers = []
  try {
    for (let i = 0; i < SERVERS; i++) {
      const discovery = { sources: { dht: { bootstrap: testnet.bootstrap } } }
      const server = new ToolDb({ topic: TOPIC, server: true, port: 0, store: 'memory', discovery })
      servers.push(server)
      await once(/** @type {any} */ (server.swarm), 'announced')
    }
    const dht = { bootstrap: testnet.bootstrap.slice(0, 1) }
    const cache = { file: join(folder, 'peers.json') }
    const invite = await /** @type {ToolDb} */ (servers[0]).createInvite()
    await startOnce({ topic: TOPIC, discovery: { sources: { dht, cache } } })
    const rows = [
      await row('cold, through one bootstrap node', { topic: TOPIC, discovery: { sources: { dht } } }),
      await row('warm, from the peer cache, beside the DHT', { topic: TOPIC, discovery: { sources: { dht, cache } } }),
      await row('from an invite alone', { invite, discovery: { sources: {} } }),
    ]
    write(rows)
  } finally {
    await Promise.all(servers.map((server) => server.close()))
    await testnet.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** @param {readonly string[]} rows */
function write(rows) {
  const { commit } = versionOf(MEASURED)
  const section = [
    BEGIN,
    '## On loopback',
    '',
    `From the making of a client to its first proven server (encrypted, both proofs checked), in one process: ${NODES} DHT nodes, ${SERVERS} servers.`,
    `Commit ${commit}, Node ${process.version}, ${cpus().length} cores shared with other work; written by \`npm run measure:discovery:loopback\`.`,
    '',
    '| start | starts | p50 | p95 | p99 |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows,
    END,
  ].join('\n')
  mkdirSync(FOLDER, { recursive: true })
  const page = existsSync(FILE) ? readFileSync(FILE, 'utf8') : `# Discovery, measured\n\n${BEGIN}\n${END}\n`
  const [before, after] = page.includes(BEGIN) ? [page.split(BEGIN)[0], page.split(END)[1]] : [`${page}\n`, '\n']
  writeFileSync(FILE, `${before}${section}${after}`)
  process.stderr.write(`${FILE} is written\n`)
}

await main()
