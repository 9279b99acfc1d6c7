import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))
const FOLDER = fileURLToPath(new URL('../../mutations/', import.meta.url))
const patches = readdirSync(FOLDER).filter((name) => name.endsWith('.patch'))

test('[M-15] each planted bug has its patch, and each patch its entry', () => {
  const entries: readonly { readonly patch: string }[] = JSON.parse(readFileSync(`${FOLDER}mutations.json`, 'utf8'))
  expect(entries.map(({ patch }) => `${patch}.patch`).sort()).toEqual(patches.sort())
})

test.each(patches)('[M-15] %s still fits the engine', (name) => {
  expect(() => execFileSync('git', ['apply', '--check', FOLDER + name], { cwd: ROOT, stdio: 'pipe' })).not.toThrow()
})

test.each(patches)('[M-15] %s fits in one place alone: lines that move must not plant another bug', (name) => {
  const patch = readFileSync(FOLDER + name, 'utf8')
  for (const part of patch.split(/^diff --git .*$/m).slice(1)) {
    const file = /^\+\+\+ b\/(.*)$/m.exec(part)?.[1] ?? ''
    const source = readFileSync(ROOT + file, 'utf8')
    for (const hunk of part.split(/^@@.*@@.*$/m).slice(1)) {
      const lines = hunk.split('\n').filter((line) => line.startsWith(' ') || line.startsWith('-'))
      const before = `${lines.map((line) => line.slice(1)).join('\n')}\n`
      expect(source.split(before).length - 1).toBe(1)
    }
  }
})
