/** A fuzz of the DHT's datagram entry: the campaign of its test, with a million inputs, and the branches of the parser that it takes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { figureOf, rounded } from './figures.ts'
import { ROOT } from './shoal-process.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const INPUTS = 1_000_000
const BOUND_BRANCHES = 0.95

interface Report {
  readonly inputs: number
  readonly seed: number
  readonly seconds: number
  readonly answers: number
  readonly largestAnswer: number
  readonly coverage: {
    readonly taken: number
    readonly all: number
    readonly files: Readonly<Record<string, { readonly taken: number; readonly all: number }>>
  }
}

export async function acceptDhtFuzz({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const { inputs, seed, seconds, answers, largestAnswer, coverage } = await campaign(quick ? INPUTS / 10 : INPUTS)
  log(
    `seed ${seed}: ${inputs} datagrams in ${seconds.toFixed(1)} s, ${answers} answers, the largest ${largestAnswer} bytes`,
  )
  for (const [file, { taken, all }] of Object.entries(coverage.files)) log(`${file}: ${taken} of ${all} branches`)
  return [
    atLeast(inputs, 'datagrams', 'fuzzed without a throw, growth or an answer too large', figureOf([inputs])),
    atLeast(
      BOUND_BRANCHES,
      `of ${rounded(coverage.all)} branches`,
      'the parser under fuzz takes',
      figureOf([coverage.taken / coverage.all]),
    ),
  ]
}

/** A seed of its own each time: what the test suite repeats is the same, what this looks at is not. */
async function campaign(inputs: number): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-fuzz-'))
  const report = join(directory, 'report.json')
  const seed = Math.floor(Math.random() * 2 ** 31)
  try {
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const env = {
      ...process.env,
      SHOAL_FUZZ_INPUTS: String(inputs),
      SHOAL_FUZZ_SEED: String(seed),
      SHOAL_FUZZ_REPORT: report,
    }
    const child = spawn(process.execPath, [vitest, 'run', 'packages/dht/test/fuzz', '-t', 'D-190'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += String(chunk)
    })
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`seed ${seed}: ${output.slice(-2_000)}`)
    return JSON.parse(readFileSync(report, 'utf8')) as Report
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
