import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeyPair } from '@shoal/peer'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type KeyFile, openKeyFile } from '../../src/cli/key-file.ts'
import { USER_FILE } from '../../src/cli/user-file.ts'

const openUserFile = (path: string): Promise<KeyFile> => openKeyFile(path, USER_FILE)

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'shoal-user-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

test('[C-21] a missing identity file is made, readable by its owner alone', async () => {
  const path = join(directory, 'deeper', 'me.json')
  const made = await openUserFile(path)
  expect(made.created).toBe(true)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readdir(join(directory, 'deeper'))).toEqual(['me.json'])
  await expect(KeyPair.fromPrivateKey(made.key)).resolves.toBeDefined()
})

test('[C-21] the identity in it is taken again, and one open to others is noticed', async () => {
  const path = join(directory, 'me.json')
  const { key } = await openUserFile(path)
  expect(await openUserFile(path)).toEqual({ key, created: false, exposed: false })
  await chmod(path, 0o644)
  expect(await openUserFile(path)).toEqual({ key, created: false, exposed: true })
})

test('[C-21] made by two processes at once, there is one identity', async () => {
  const path = join(directory, 'me.json')
  const made = await Promise.all(Array.from({ length: 8 }, () => openUserFile(path)))
  expect(new Set(made.map((user) => user.key)).size).toBe(1)
  expect(await readdir(directory)).toEqual(['me.json'])
})

test.each([
  ['empty', ''],
  ['not JSON', 'hello'],
  ['null', 'null'],
  ['something else', '{"a":1}'],
  ['a wrong key', '{"shoal":"user","v":1,"privateKey":"00"}'],
  ['a key of a wrong type', '{"shoal":"user","v":1,"privateKey":7}'],
])('[C-21] a file that is %s is left alone and refused with a sentence', async (_name, text) => {
  const path = join(directory, 'me.json')
  await writeFile(path, text)
  await expect(openUserFile(path)).rejects.toThrow('is no identity file')
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('[C-21] one of a newer format says so', async () => {
  const path = join(directory, 'me.json')
  await writeFile(path, '{"shoal":"user","v":2,"privateKey":""}')
  await expect(openUserFile(path)).rejects.toThrow('newer')
})

test('[C-21] a folder in its place, or a place that can not be, is a sentence', async () => {
  await mkdir(join(directory, 'folder'))
  await expect(openUserFile(join(directory, 'folder'))).rejects.toThrow('is no identity file')
  await writeFile(join(directory, 'file'), '')
  await expect(openUserFile(join(directory, 'file', 'me.json'))).rejects.toThrow(/can't be (read|made)/)
})
