/** Planted bugs: each patch of packages/sim/mutations is applied to a copy of the engine, alone, and must be found by the oracle that is named for it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { figureOf } from './figures.ts'
import { ROOT } from './shoal-process.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const MUTATIONS = join(ROOT, 'packages/sim/mutations')
/** What a run of the simulator is made of. */
const PACKAGES = ['base', 'dht', 'peer', 'discovery', 'tool-db', 'sim']
const QUICK = 3

interface Mutation {
  readonly patch: string
  readonly plants: string
  readonly scenario: string
  readonly nodes: number
  readonly hours: number
  readonly seed: number
  readonly foundBy: string
}

export async function acceptSimMutations({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const all = JSON.parse(readFileSync(join(MUTATIONS, 'mutations.json'), 'utf8')) as readonly Mutation[]
  const mutations = quick ? all.slice(0, QUICK) : all
  const copy = copyOfTheEngine()
  try {
    build(copy)
    for (const mutation of mutations) {
      const found = finding(copy, mutation)
      if (found !== undefined) throw new Error(`${mutation.scenario} fails without a planted bug: ${found}`)
    }
    let found = 0
    for (const mutation of mutations) {
      const finder = underMutation(copy, mutation)
      log(`${mutation.patch} (${mutation.plants}): ${finder === undefined ? 'NOT FOUND' : `found by ${finder}`}`)
      if (finder === mutation.foundBy) found++
    }
    return [atLeast(mutations.length, 'bugs', 'planted in the engine and found by the oracle named', figureOf([found]))]
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Sources of its own; what is installed stays where it is. */
function copyOfTheEngine(): string {
  const copy = mkdtempSync(join(tmpdir(), 'shoal-mutations-'))
  const isSource = (path: string): boolean => !/[\\/](dist|test|node_modules)$|\.tsbuildinfo$/.test(path)
  for (const name of PACKAGES) {
    cpSync(join(ROOT, 'packages', name), join(copy, 'packages', name), { recursive: true, filter: isSource })
  }
  for (const file of ['package.json', 'tsconfig.base.json']) cpSync(join(ROOT, file), join(copy, file))
  mkdirSync(join(copy, 'node_modules/@shoal'), { recursive: true })
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (name !== '@shoal') symlinkSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name))
  }
  for (const name of PACKAGES) symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules/@shoal', name))
  return copy
}

function underMutation(copy: string, mutation: Mutation): string | undefined {
  const patch = join(MUTATIONS, `${mutation.patch}.patch`)
  execFileSync('git', ['apply', patch], { cwd: copy })
  try {
    build(copy)
    return finding(copy, mutation)
  } finally {
    execFileSync('git', ['apply', '--reverse', patch], { cwd: copy })
  }
}

function build(copy: string): void {
  execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', 'packages/sim'], { cwd: copy })
}

/** The oracle that broke the run off; `undefined` where all rules held. */
function finding(copy: string, { scenario, nodes, hours, seed }: Mutation): string | undefined {
  const args = ['--nodes', `${nodes}`, '--hours', `${hours}`, '--seed', `${seed}`, '--check', '--json']
  const { stdout, stderr, status } = spawnSync(process.execPath, ['packages/sim/dist/cli/main.js', scenario, ...args], {
    cwd: copy,
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  try {
    return (JSON.parse(stdout) as { oracle: string }).oracle
  } catch {
    throw new Error(`${scenario} ended with ${status}: ${stderr.slice(-1_000)}`)
  }
}
