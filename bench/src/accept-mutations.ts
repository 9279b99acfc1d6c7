/** Planted bugs: each patch of packages/sim/mutations is applied to a copy of the sources, alone, and must be found by the oracle or check that is named for it. */
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

interface Planted {
  readonly patch: string
  readonly plants: string
  readonly foundBy: string
}

/** Of the DHT: a scenario that brings it to light. */
interface EngineBug extends Planted {
  readonly scenario: string
  readonly nodes: number
  readonly hours: number
  readonly seed: number
}

/** Of the database: among so many histories one does. */
interface DatabaseBug extends Planted {
  readonly histories: number
}

type Mutation = EngineBug | DatabaseBug

export function acceptSimMutations(options: AcceptOptions): Promise<Verdict[]> {
  return acceptMutations(options, { isMeant: (mutation) => !('histories' in mutation), where: 'the engine' })
}

export function acceptHistoryMutations(options: AcceptOptions): Promise<Verdict[]> {
  return acceptMutations(options, { isMeant: (mutation) => 'histories' in mutation, where: 'the database' })
}

async function acceptMutations(
  { quick, log }: AcceptOptions,
  { isMeant, where }: { readonly isMeant: (mutation: Mutation) => boolean; readonly where: string },
): Promise<Verdict[]> {
  const listed = JSON.parse(readFileSync(join(MUTATIONS, 'mutations.json'), 'utf8')) as readonly Mutation[]
  const mutations = listed.filter(isMeant).slice(0, quick ? QUICK : undefined)
  const copy = copyOfTheSources()
  try {
    build(copy)
    for (const args of new Set(mutations.map(argumentsFor))) {
      const found = finding(copy, args)
      if (found !== undefined) throw new Error(`${args} fails without a planted bug: ${found}`)
    }
    let found = 0
    for (const mutation of mutations) {
      const finder = underMutation(copy, mutation)
      log(`${mutation.patch} (${mutation.plants}): ${finder === undefined ? 'NOT FOUND' : `found by ${finder}`}`)
      if (finder === mutation.foundBy) found++
    }
    return [
      atLeast(mutations.length, 'bugs', `planted in ${where} and found by what is named for it`, figureOf([found])),
    ]
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Sources of their own; what is installed stays where it is. */
function copyOfTheSources(): string {
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
    return finding(copy, argumentsFor(mutation))
  } finally {
    execFileSync('git', ['apply', '--reverse', patch], { cwd: copy })
  }
}

/** Types are not looked at: a planted bug may leave something unused. */
function build(copy: string): void {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-b', '--noCheck', 'packages/sim'], { cwd: copy })
}

function argumentsFor(mutation: Mutation): string {
  if ('histories' in mutation) return `history --seed 1 --count ${mutation.histories} --fail-fast --json`
  const { scenario, nodes, hours, seed } = mutation
  return `${scenario} --nodes ${nodes} --hours ${hours} --seed ${seed} --check --json`
}

/** The oracle or check that broke the run off; `undefined` where all rules held. */
function finding(copy: string, args: string): string | undefined {
  const command = ['packages/sim/dist/cli/main.js', ...args.split(' ')]
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: copy, encoding: 'utf8' })
  if (status === 0) return undefined
  try {
    const broken = JSON.parse(stdout.split('\n', 1)[0] as string) as { oracle?: string; check?: string }
    return broken.oracle ?? broken.check
  } catch {
    throw new Error(`${args} ended with ${status}: ${stderr.slice(-1_000)}`)
  }
}
