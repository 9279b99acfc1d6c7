import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@shoal/base'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomNodeId } from '../../src/core/id/node-id.ts'
import { createTestnet, Dht, type DhtOptions, StateFileError } from '../../src/index.ts'
import { readStateFile, type SavedNode, writeStateFile } from '../../src/node/state-file.ts'

let folder: string
let path: string
const closing: (() => unknown)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-dht-'))
  path = join(folder, 'deep', 'state.json')
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  rmSync(folder, { recursive: true, force: true })
})

function dht(options: DhtOptions): Dht {
  const node = new Dht({ host: '127.0.0.1', ...options })
  closing.push(() => node.close())
  return node
}

const random = seededRandom(9)
const NOW = new Date('2030-01-02T03:04:05.678Z')
const SAVED: SavedNode = {
  family: 'ipv4',
  host: '0.0.0.0',
  id: randomNodeId(random),
  externalAddress: { host: '45.1.2.3', port: 6_881 },
  contacts: [
    { id: randomNodeId(random), host: '45.2.2.2', port: 1, roundTripMs: 25 },
    { id: randomNodeId(random), host: '45.3.3.3', port: 2, roundTripMs: undefined },
  ],
}

function write(text: string): string {
  const file = join(folder, 'state.json')
  writeFileSync(file, text)
  return file
}

describe('the file', () => {
  test.each([0, -7, 1.5, '1', null])('[D-101] of version %s is no state of ours', (version) => {
    const file = write(JSON.stringify({ format: 'shoal-dht-state', version, nodes: [] }))
    expect(readStateFile(file, NOW).warning).toContain('set aside')
  })

  test('[D-128] is never written through a link that lies where it is prepared', () => {
    const victim = write('precious')
    mkdirSync(join(folder, 'deep'))
    symlinkSync(victim, `${path}.${process.pid}.tmp`)
    writeStateFile(path, { nodes: [SAVED] })
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(readStateFile(path, NOW).state?.nodes).toEqual([SAVED])
  })

  test('[D-100] is read back as it was written, whole or not at all', () => {
    writeStateFile(path, { nodes: [SAVED] })
    writeStateFile(path, {
      nodes: [SAVED, { ...SAVED, family: 'ipv6', host: '::', externalAddress: undefined, contacts: [] }],
    })
    const { state, warning } = readStateFile(path, NOW)
    expect(warning).toBeUndefined()
    expect(state?.nodes[0]).toEqual(SAVED)
    expect(state?.nodes[1]).toMatchObject({ family: 'ipv6', contacts: [] })
    expect(readdirSync(join(folder, 'deep'))).toEqual(['state.json'])
  })

  test('[D-100] that is not there is no state, and no failure', () => {
    expect(readStateFile(path, NOW)).toEqual({ state: undefined, warning: undefined })
  })

  const good = JSON.stringify({
    format: 'shoal-dht-state',
    version: 1,
    nodes: [{ family: 'ipv4', host: 'x', id: '0'.repeat(40), contacts: [] }],
  })
  test.each<[string, string]>([
    ['nothing', ''],
    ['half of it', good.slice(0, 60)],
    ['garbage', '\0\0\0'],
    ['another format', '{"format":"other","version":1}'],
    ['no version', '{"format":"shoal-dht-state"}'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no nodes', '{"format":"shoal-dht-state","version":1,"nodes":5}'],
    ['an id that is too short', good.replace('0'.repeat(40), '00')],
    ['an unknown family', good.replace('ipv4', 'ipx')],
    ['a contact that is none', good.replace('[]', '[[1,2,3]]')],
    ['a contact by name', good.replace('[]', `[["${'0'.repeat(40)}","example.org",1]]`)],
    ['a contact of the other family', good.replace('[]', `[["${'0'.repeat(40)}","2a00::1",1]]`)],
    ['a port out of range', good.replace('[]', `[["${'0'.repeat(40)}","45.1.1.1",65536]]`)],
    ['a prototype', '{"__proto__":{"format":"shoal-dht-state","version":1,"nodes":[]}}'],
    ['a megabyte', ' '.repeat(1_000_000)],
  ])('[D-101] with %s in it is set aside', (_, text) => {
    const file = write(text)
    const { state, warning } = readStateFile(file, NOW)
    expect(state).toBeUndefined()
    expect(warning).toContain(file)
    expect(readdirSync(folder)).toEqual(['state.json.damaged-2030-01-02T03-04-05.678Z'])
    expect(readFileSync(join(folder, 'state.json.damaged-2030-01-02T03-04-05.678Z'), 'utf8')).toBe(text)
  })

  test('[D-101] of a later version is refused, and left as it is', () => {
    const text = '{"format":"shoal-dht-state","version":2,"nodes":{}}'
    const file = write(text)
    expect(() => readStateFile(file, NOW)).toThrow(/later version/)
    expect(() => dht({ bootstrap: [], stateFile: file })).toThrow(StateFileError)
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  test('[D-101] that cannot be read is refused with a sentence', () => {
    expect(() => readStateFile(folder, NOW)).toThrow(StateFileError)
  })
})

describe('a node that remembers', () => {
  test('[D-102] has its id and its contacts again, though nobody it could begin with is named', async () => {
    const net = await createTestnet(20)
    closing.push(() => net.close())
    const first = new Dht({ host: '127.0.0.1', bootstrap: net.bootstrap, stateFile: path })
    await first.ready
    await first.close()
    const second = dht({ bootstrap: [], stateFile: path })
    expect(second.nodeId).toBe(first.nodeId)
    await second.listening
    await expect.poll(() => second.contacts().length).toBeGreaterThanOrEqual(8)
    expect(second.network).toBe('private')
  })

  test('[D-121] finds a contact of last time that comes up later, though nobody it could begin with is named', async () => {
    const other = new Dht({ host: '127.0.0.1', bootstrap: [] })
    const port = (await other.listening).ipv4?.port ?? 0
    await other.close()
    const contacts = [{ id: randomNodeId(random), host: '127.0.0.1', port, roundTripMs: 3 }]
    writeStateFile(path, { nodes: [{ ...SAVED, host: '127.0.0.1', contacts }] })
    const node = dht({ bootstrap: [], stateFile: path })
    // Nobody waits for what may never come.
    await node.ready
    expect(node.contacts()).toEqual([])
    await dht({ bootstrap: [], port }).listening
    await expect.poll(() => node.contacts().length, { timeout: 20_000 }).toBe(1)
  })

  test('[D-100] without any contact at the end those of last time are kept', async () => {
    const contacts = [{ id: randomNodeId(random), host: '127.0.0.1', port: 9, roundTripMs: 3 }]
    writeStateFile(path, { nodes: [{ ...SAVED, host: '127.0.0.1', contacts }] })
    const node = dht({ bootstrap: [], stateFile: path })
    await node.listening
    await node.close()
    expect(readStateFile(path, NOW).state?.nodes[0]?.contacts).toEqual(contacts)
  })

  test('[D-101] begins anew with a warning where the file is damaged', async () => {
    const file = write('{')
    const node = dht({ bootstrap: [], stateFile: file })
    const warnings: string[] = []
    node.on('warning', (sentence) => warnings.push(sentence))
    await node.listening
    expect(warnings).toHaveLength(1)
    await node.close()
    expect(readStateFile(file, NOW).state?.nodes).toHaveLength(1)
  })

  test('[D-100] lives without the file where it cannot be written, and says so', async () => {
    const file = write('no folder')
    rmSync(file)
    writeFileSync(join(folder, 'file'), '')
    const node = dht({ bootstrap: [], stateFile: join(folder, 'missing', 'state.json') })
    await node.listening
    rmSync(folder, { recursive: true })
    writeFileSync(folder, '')
    const warnings: string[] = []
    node.on('warning', (sentence) => warnings.push(sentence))
    await node.close()
    expect(warnings[0]).toContain('could not be written')
    expect(node.stats().stateFileErrors).toBe(1)
  })
})
