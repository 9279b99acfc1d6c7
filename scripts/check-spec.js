// @ts-check
/** Every rule in spec/ has a test that carries its id, and every id that a test carries stands in spec/. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const RULE = /^[-|*\s]*\*\*([A-Z]{1,2}-\d+[a-z]?)\*\*/gm
// In a test's name, or as the first argument of a contract suite's `rule`.
const CARRIED = /(?:\[|\brule\(\s*')((?:[A-Z]{1,2}-\d+[a-z]?(?:,\s*)?)+)(?:\]|')/g

/** @param {string} folder @param {RegExp} ending @returns {string[]} */
function filesBelow(folder, ending) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/(^|\/)(node_modules|dist)\//.test(path))
}

/** @type {Map<string, string>} */
const rules = new Map()
const problems = []
for (const path of filesBelow('spec', /\.md$/)) {
  for (const [, id] of readFileSync(path, 'utf8').matchAll(RULE)) {
    if (rules.has(id)) problems.push(`${id} stands in ${rules.get(id)} and again in ${path}`)
    rules.set(id, path)
  }
}

const carried = new Set()
for (const folder of ['packages', 'test', 'examples']) {
  // Contract suites ship with the package, so they lie in its src.
  for (const path of filesBelow(folder, /\.test\.ts$|-contract\.ts$/)) {
    for (const [, ids] of readFileSync(path, 'utf8').matchAll(CARRIED)) {
      for (const id of ids.split(/,\s*/)) {
        carried.add(id)
        if (!rules.has(id)) problems.push(`${path} carries ${id}, which is no rule in spec/`)
      }
    }
  }
}
for (const [id, path] of rules) if (!carried.has(id)) problems.push(`${id} (${path}) has no test that carries its id`)

for (const problem of new Set(problems)) process.stderr.write(`${problem}\n`)
process.stdout.write(`${rules.size} rules, ${problems.length} problems\n`)
process.exit(problems.length === 0 ? 0 : 1)
