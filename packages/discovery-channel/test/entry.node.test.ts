/** The built package as programs meet it: by import, by require, and under the name that it replaces. */

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

let home: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'discovery-channel-'))
  mkdirSync(join(home, 'node_modules', '@shoal'), { recursive: true })
  const built = resolve(import.meta.dirname, '..')
  symlinkSync(built, join(home, 'node_modules', 'discovery-channel'))
  symlinkSync(built, join(home, 'node_modules', '@shoal', 'discovery-channel'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function run(file: string, source: string): string {
  writeFileSync(join(home, file), source)
  return execFileSync(process.execPath, [file], { cwd: home, encoding: 'utf8', timeout: 20_000 }).trim()
}

const PROGRAM = `
  const channel = DC({ dht: { bootstrap: [] }, dns: false })
  const other = new DC({ dht: false })
  other.destroy()
  channel.join('topic', 9000, () => {
    const list = JSON.stringify(channel.list().map(({ id, port }) => [id.toString(), port]))
    channel.destroy(() => console.log(list, channel instanceof DC))
  })`

for (const name of ['@shoal/discovery-channel', 'discovery-channel']) {
  test(`[S-60] ${name} is imported as a default and required as itself, and its process ends`, () => {
    expect(run('program.mjs', `import DC from '${name}'${PROGRAM}`)).toBe('[["topic",9000]] true')
    expect(run('program.cjs', `const DC = require('${name}')${PROGRAM}`)).toBe('[["topic",9000]] true')
  })
}

test('[S-60] there is no other name in it', () => {
  const names = run(
    'names.mjs',
    `import * as all from 'discovery-channel'; console.log(Object.keys(all).sort().join())`,
  )
  expect(names).toBe('default,module.exports')
})
