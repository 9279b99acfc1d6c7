import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const repository = resolve(import.meta.dirname, '../..')
let home: string

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A folder with the packed packages in its node_modules, and their third-party dependencies linked. */
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'shoal-consumer-'))
  const modules = join(home, 'node_modules')
  const wanted = new Set(['@types/node', '@types/ws', 'undici-types'])
  const ours = new Set<string>()
  for (const folder of readdirSync(join(repository, 'packages'))) {
    const from = join(repository, 'packages', folder)
    const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Manifest
    const packed = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', home], {
        cwd: from,
        encoding: 'utf8',
      }),
    ) as [{ filename: string }]
    const into = join(modules, manifest.name)
    mkdirSync(into, { recursive: true })
    execFileSync('tar', ['xzf', join(home, packed[0].filename), '-C', into, '--strip-components=1'])
    ours.add(manifest.name)
    for (const name of Object.keys(manifest.dependencies ?? {})) wanted.add(name)
  }
  for (const name of wanted) {
    const target = join(repository, 'node_modules', name)
    if (ours.has(name) || !existsSync(target)) continue
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(target, join(modules, name))
  }
  for (const [alias, name] of [
    ['tool-db', '@shoal/tool-db'],
    ['discovery-channel', '@shoal/discovery-channel'],
  ] as const) {
    cpSync(join(modules, name), join(modules, alias), { recursive: true })
  }
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
}, 120_000)

afterAll(() => rmSync(home, { recursive: true, force: true }))

function run(file: string, source: string): string {
  writeFileSync(join(home, file), source)
  return execFileSync(process.execPath, [file], { cwd: home, encoding: 'utf8', timeout: 60_000 }).trim()
}

test('[K-1] a program outside the repository puts and gets with the packed packages, and exits by itself', () => {
  const output = run(
    'five-lines.js',
    `import { createTestnet, ToolDb } from 'shoal'
     const testnet = await createTestnet(4)
     const dht = { bootstrap: testnet.bootstrap }
     const server = new ToolDb({ server: true, topic: 'consumer', host: '127.0.0.1', port: 0, storageName: './data', discovery: { sources: { dht } } })
     const client = new ToolDb({ topic: 'consumer', discovery: { sources: { dht } } })
     await client.ready
     await new Promise((resolve) => { if (client.isConnected) resolve(); else client.onConnect = resolve })
     await client.putData('hello', { from: 'a consumer' })
     console.log(JSON.stringify(await client.getData('hello')))
     await client.close(); await server.close(); await testnet.close()`,
  )
  expect(output).toBe('{"from":"a consumer"}')
})

test('[K-2] a strict TypeScript program compiles against the packed types', () => {
  writeFileSync(
    join(home, 'program.ts'),
    `import { Dht, Discovery, ToolDb } from 'shoal'
     import { ToolDb as Aliased } from 'tool-db'
     import DC from 'discovery-channel'
     const db = new ToolDb({ topic: 'types', discovery: true })
     const value: { a: number } | null = await db.getData<{ a: number }>('key')
     const channel = DC({ dht: false, dns: false })
     channel.on('peer', (id, peer) => console.log(id.toString(), peer.host, peer.port, value?.a))
     export { Dht, Discovery, Aliased }`,
  )
  const options = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
  ]
  const tsc = join(repository, 'node_modules/typescript/bin/tsc')
  const result = execFileSync(process.execPath, [tsc, ...options, 'program.ts'], { cwd: home, encoding: 'utf8' })
  expect(result).toBe('')
}, 60_000)

test('[K-4] the contract suites run from the packed package under any test runner, and find what is wrong with a store', () => {
  const output = run(
    'contract.js',
    `import { MemoryStore } from '@shoal/tool-db'
     import { storeContract } from '@shoal/tool-db/testing'
     async function failures(Store) {
       const bodies = []
       storeContract({ test: (name, body) => bodies.push([name, body]), name: 'mine', open: async () => ({ store: new Store() }) })
       const failed = []
       for (const [name, body] of bodies) await body().catch(() => failed.push(/^\\[([^\\]]+)/.exec(name)[1]))
       return [bodies.length > 10, failed]
     }
     class Careless extends MemoryStore {
       commit(batch, expect, durability) { return super.commit(batch, new Map(), durability) }
     }
     console.log(JSON.stringify([await failures(MemoryStore), await failures(Careless)]))`,
  )
  const [good, careless] = JSON.parse(output) as [[boolean, string[]], [boolean, string[]]]
  expect(good).toEqual([true, []])
  expect(careless[1]).toEqual(expect.arrayContaining(['ST-5', 'ST-6']))
})

test('[K-3] the old names work by import and by require, callable as they were', () => {
  const program = `
    const db = new ToolDb({ topic: 'alias' })
    const channel = DC({ dht: false, dns: false })
    Promise.resolve(db.ready).then(() => db.putData('k', 1)).then(() => db.getData('k')).then(async (value) => {
      console.log(value, typeof channel.join, sha256('a').slice(0, 8))
      channel.destroy()
      await db.close()
    })`
  const imported = run(
    'alias.js',
    `import DC from 'discovery-channel'; import { sha256, ToolDb } from 'tool-db'; ${program}`,
  )
  const required = run(
    'alias.cjs',
    `const DC = require('discovery-channel'); const { sha256, ToolDb } = require('tool-db'); ${program}`,
  )
  expect(imported).toBe('1 function ca978112')
  expect(required).toBe(imported)
})
