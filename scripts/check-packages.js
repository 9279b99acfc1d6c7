// @ts-check
/** Packs every package as it would be published and lets publint and attw look at the tarball, as a consumer meets it. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'shoal-pack-'))
let failed = 0
try {
  for (const name of readdirSync('packages')) {
    const { private: isPrivate } = JSON.parse(readFileSync(join('packages', name, 'package.json'), 'utf8'))
    if (isPrivate) continue
    const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: join('packages', name),
      encoding: 'utf8',
    })
    const tarball = join(folder, JSON.parse(packed)[0].filename)
    for (const [program, ...args] of [
      ['publint', '--strict', tarball],
      // The packages are ESM alone: Node >= 20.19 can require() them, older resolution modes are not supported.
      ['attw', tarball, '--profile', 'esm-only', '--no-emoji', '--format', 'ascii'],
    ]) {
      try {
        execFileSync(join('node_modules', '.bin', program), args, { encoding: 'utf8', stdio: 'pipe' })
        process.stdout.write(`${name}: ${program} passed\n`)
      } catch (error) {
        failed++
        const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
        process.stderr.write(`${name}: ${program} failed\n${stdout}${stderr}\n`)
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exit(failed === 0 ? 0 : 1)
