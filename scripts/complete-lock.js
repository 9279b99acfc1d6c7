// @ts-check
/**
 * Completes package-lock.json with optional packages of other platforms. A registry mirror may lack them; npm then
 * leaves them out of the lock file, and `npm ci` refuses it everywhere. Run it behind every `npm install`.
 */

import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32']
const PROCESSORS = ['arm', 'arm64', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64']

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
/** @type {Record<string, { optionalDependencies?: Record<string, string> }>} */
const packages = lock.packages
const added = []
for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
  for (const [name, range] of Object.entries(optionalDependencies)) {
    const place = `node_modules/${name}`
    if (packages[`${path}/${place}`] !== undefined || packages[place] !== undefined) continue
    const words = name.split(/[-/]/)
    const entry = {
      version: range.replace(/^[\^~]/, ''),
      cpu: PROCESSORS.filter((cpu) => words.includes(cpu)),
      dev: true,
      os: SYSTEMS.filter((os) => words.includes(os)),
      optional: true,
    }
    // Without a platform of its own it would be installed everywhere.
    if (entry.cpu.length === 0 || entry.os.length === 0) throw new Error(`no platform in the name of ${name}`)
    packages[place] = entry
    added.push(name)
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${added.length} packages of other platforms added\n`)
