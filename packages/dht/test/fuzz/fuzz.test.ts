/**
 * The datagram entry under fuzz. `SHOAL_FUZZ_INPUTS` sets how many datagrams, `SHOAL_FUZZ_SEED` the seed, and
 * `SHOAL_FUZZ_REPORT` a file that is told the figures.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromHex, seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { withBranchCoverage } from './branch-coverage.ts'
import { runCampaign } from './campaign.ts'
import { type Signature, Victim } from './victim.ts'

const INPUTS = Number(process.env['SHOAL_FUZZ_INPUTS'] ?? 100_000)
const SEED = Number(process.env['SHOAL_FUZZ_SEED'] ?? 1)
const REPORT = process.env['SHOAL_FUZZ_REPORT']
/** What reads a datagram: the cursor, the parser and the fields. */
const PARSER = /src\/core\/(bencode\/cursor|krpc\/(parse|fields|extension-fields|typed-message|is-text))\.ts/
const SENDER = { host: '45.9.9.9', port: 6_881 }

interface Kept {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Lines of a name, a tabulator and hex. */
function corpus(file: string): Kept[] {
  const lines = readFileSync(join(import.meta.dirname, 'corpus', file), 'utf8').split('\n')
  return lines.filter(Boolean).map((line) => {
    const [name = '', hex = ''] = line.split('\t')
    return { name, bytes: fromHex(hex) ?? new Uint8Array(0) }
  })
}

function answerTo(bytes: Uint8Array): Signature {
  return new Victim(seededRandom(1), 'mainline').feed(SENDER, bytes)
}

test('[D-190] whatever a datagram says: nothing throws, what is kept stays bounded, and no answer is larger than allowed', {
  timeout: 600_000,
}, async () => {
  const kept = [...corpus('real.tsv'), ...corpus('killers.tsv'), ...corpus('kept.tsv')].map(({ bytes }) => bytes)
  const start = performance.now()
  const { result, coverage } = await withBranchCoverage(PARSER, () =>
    runCampaign({ seed: SEED, inputs: INPUTS, corpus: kept }),
  )
  expect(result.answers).toBeGreaterThan(INPUTS / 10)
  expect(result.mostContacts).toBeGreaterThan(10)
  expect(coverage.taken / coverage.all).toBeGreaterThan(0.9)
  if (REPORT === undefined) return
  const { answers, largestAnswer, mostContacts, found } = result
  const kinds = Object.fromEntries([...found].map(([name, bytes]) => [name, Buffer.from(bytes).toString('hex')]))
  const seconds = (performance.now() - start) / 1_000
  const figures = { inputs: INPUTS, seed: SEED, seconds, answers, largestAnswer, mostContacts, coverage, kinds }
  writeFileSync(REPORT, JSON.stringify(figures))
})

for (const { name, bytes } of corpus('killers.tsv')) {
  test(`[D-191] what ends npm bittorrent-dht gets error 203 or nothing: ${name}`, () => {
    expect(answerTo(bytes)).toMatch(/: (error 203|nothing)$/)
  })
}

test('[D-192] every datagram of the kept corpus still comes to what it once came to', () => {
  for (const { name, bytes } of corpus('kept.tsv')) {
    // Whether a token holds or an item is there is the campaign's; the parser's word is the datagram's own.
    expect(answerTo(bytes).split(':')[0], name).toBe(name.split(':')[0])
  }
})
