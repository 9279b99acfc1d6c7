// @ts-check
/**
 * What measurements are of, and where those are kept that are done already: a run that was cut short goes on where it was, and what was
 * measured with other code is not taken.
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEPT = 'node_modules/.cache/measurements'

/** @param {readonly string[]} args */
function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8' }).trim()
}

/**
 * The commit that the figures are of, and what tells its code from other code; the latter only where it is committed as it stands.
 * @param {readonly string[]} paths all that the figures hang on
 * @returns {{ readonly commit: string, readonly trees: string | undefined }}
 */
export function versionOf(paths) {
  const isChanged = git('status', '--porcelain', '--', ...paths) !== ''
  const commit = git('log', '-1', '--format=%h', '--', ...paths)
  const trees = paths.map((path) => git('rev-parse', `HEAD:${path}`)).join(' ')
  return isChanged ? { commit: `${commit} with changes`, trees: undefined } : { commit, trees }
}

/**
 * What `measure` returns, as JSON has it, unless the same was measured before.
 * @param {string | undefined} trees @param {unknown} what @param {() => Promise<any>} measure
 * @returns {Promise<any>}
 */
export async function measured(trees, what, measure) {
  if (trees === undefined) return measure()
  const name = createHash('sha256')
    .update(`${trees} ${JSON.stringify(what)}`)
    .digest('hex')
    .slice(0, 32)
  const file = join(KEPT, `${name}.json`)
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'))
  const figures = await measure()
  mkdirSync(KEPT, { recursive: true })
  writeFileSync(`${file}.part`, JSON.stringify(figures))
  renameSync(`${file}.part`, file)
  return figures
}
