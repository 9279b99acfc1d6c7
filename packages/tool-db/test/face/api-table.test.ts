/** The table in spec/tool-db.md against the published packages, the rules, and the tests that it names. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { DEFAULT_OPTIONS } from '../../src/options.ts'
import { TheirEcdsaUser, theirs } from '../records/golden.ts'

const REPOSITORY = join(import.meta.dirname, '../../../..')
const spec = readFileSync(join(REPOSITORY, 'spec/tool-db.md'), 'utf8')
const section = spec.slice(spec.indexOf('## The API of tool-db'))
const next = section.indexOf('\n## ', 1)
const table = next === -1 ? section : section.slice(0, next)

interface Row {
  readonly names: readonly string[]
  readonly line: string
  /** Such as `T-82, T-83 face/federation.node`. */
  readonly shown: readonly { readonly ids: readonly string[]; readonly files: readonly string[] }[]
}

/** Every word between backticks in the first column: `putData(key, …)` counts as putData, `@tool-db/x` as it is. */
function namesOf(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => /^@?[\w./-]+/.exec(text as string)?.[0] ?? '')
}

const rows: readonly Row[] = table
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| tool-db |'))
  .map((line) => {
    const cells = line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))
    expect(cells, line).toHaveLength(3)
    const shown = (cells[2] as string).split('; ').map((part) => {
      const words = part.split(/,? /)
      return { ids: words.filter((word) => !word.includes('/')), files: words.filter((word) => word.includes('/')) }
    })
    return { names: namesOf(cells[0] as string), line, shown }
  })
const known = new Set(rows.flatMap(({ names }) => names))

test('[T-150] every row names rules that exist, and tests that carry them', () => {
  const rules = readdirSync(join(REPOSITORY, 'spec'))
    .map((name) => readFileSync(join(REPOSITORY, 'spec', name), 'utf8'))
    .join('\n')
  const pathOf = (file: string): string =>
    file.startsWith('interop/') ? `test/${file}.test.ts` : `packages/tool-db/test/${file}.test.ts`
  const textOf = (file: string): string =>
    existsSync(join(REPOSITORY, pathOf(file))) ? readFileSync(join(REPOSITORY, pathOf(file)), 'utf8') : ''
  const problems: string[] = []
  for (const { names, shown } of rows) {
    for (const { ids, files } of shown) {
      const texts = files.map(textOf)
      if (files.length === 0 || texts.includes('')) problems.push(`${names[0]}: no such test: ${files.join(', ')}`)
      // A contract suite carries its rules in the source.
      const isContract = files.some((file) => file.includes('.contract'))
      for (const id of ids) {
        if (!rules.includes(`**${id}**`)) problems.push(`${names[0]}: no such rule: ${id}`)
        const isCarried = isContract || texts.some((text) => new RegExp(`\\b${id}\\b`).test(text))
        if (!isCarried) problems.push(`${names[0]}: ${id} is not in ${files.join(', ')}`)
      }
    }
  }
  expect(problems).toEqual([])
})

test('[T-150] nothing that npm tool-db exports, emits, or has as a member or an option is missing', () => {
  const db = new theirs.ToolDb({
    storageAdapter: theirs.ToolDbStorageAdapter,
    userAdapter: TheirEcdsaUser,
    networkAdapter: theirs.ToolDbNetworkAdapter,
  })
  const members = [...Object.keys(db), ...Object.getOwnPropertyNames(theirs.ToolDb.prototype)]
  const ofAdapters = ['ToolDbNetworkAdapter', 'ToolDbStorageAdapter', 'ToolDbUserAdapter'].flatMap((name) =>
    Object.getOwnPropertyNames(theirs[name].prototype),
  )
  const isPublic = (name: string): boolean => !name.startsWith('_') && name !== 'constructor' && name !== 'ToolDb'
  const wanted = [...Object.keys(theirs), ...members, ...ofAdapters, ...Object.keys(db.options)].filter(isPublic)
  const missing = new Set(wanted.filter((name) => !known.has(name) && name !== 'executeSendToClient'))
  expect([...missing]).toEqual([])
  expect(wanted.length).toBeGreaterThan(100)
})

test('[T-150] no type that npm tool-db exports is missing, in the table or in ours', () => {
  const dist = dirname(createRequire(join(REPOSITORY, 'test/interop/package.json')).resolve('tool-db'))
  const exported = readFileSync(join(REPOSITORY, 'packages/tool-db/src/index.ts'), 'utf8')
  const absent = new Set(rows.filter(({ line }) => line.includes('| Not there')).flatMap(({ names }) => names))
  const types = ['types', 'crdt', '.']
    .flatMap((folder) => readdirSync(join(dist, folder)).map((name) => join(dist, folder, name)))
    .filter((path) => path.endsWith('.d.ts'))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^export (?:declare )?(?:interface|type|enum) (\w+)/gm)])
    .map(([, name]) => name as string)
  expect(types.length).toBeGreaterThan(35)
  expect(types.filter((name) => !known.has(name))).toEqual([])
  expect(types.filter((name) => !absent.has(name) && !new RegExp(`\\b${name}\\b`).test(exported))).toEqual([])
})

test('[T-150] no error that npm tool-db rejects with is missing', () => {
  const dist = dirname(createRequire(join(REPOSITORY, 'test/interop/package.json')).resolve('tool-db'))
  const sentences = readdirSync(dist, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [...readFileSync(join(dist, name), 'utf8').matchAll(/(?:new Error|reject)\("([^"]+)"/g)])
    .map(([, sentence]) => sentence as string)
  expect(sentences.length).toBeGreaterThan(5)
  // What follows tells of the case.
  const beginnings = sentences.map((sentence) => sentence.replace(/[;:].*$/, ''))
  expect(beginnings.filter((beginning) => !table.includes(`\`${beginning}`))).toEqual([])
})

test('[T-150] no event that npm tool-db emits is missing', () => {
  const dist = dirname(createRequire(join(REPOSITORY, 'test/interop/package.json')).resolve('tool-db'))
  const events = readdirSync(dist, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) => [...readFileSync(join(dist, name), 'utf8').matchAll(/\.emit\(["']([\w-]+)["']/g)])
    .map(([, name]) => name as string)
  expect(new Set(events).size).toBeGreaterThan(5)
  for (const name of events) expect(known, name).toContain(name)
})

test('[T-151] the options have tool-db’s defaults', () => {
  const { options } = new theirs.ToolDb({ userAdapter: TheirEcdsaUser })
  // What is undefined here is chosen by place: a network, a store and users that work.
  const chosen = { networkAdapter: undefined, storageAdapter: undefined, userAdapter: undefined }
  expect(DEFAULT_OPTIONS).toMatchObject({ ...options, ...chosen })
})
