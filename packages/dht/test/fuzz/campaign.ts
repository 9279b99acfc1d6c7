/** A fuzz campaign: so many datagrams from one seed. The same seed gives the same run. */

import { latin1, randomBelow, seededRandom, toHex } from '@shoal/base'
import { Grammar, type Occasion } from './grammar.ts'
import { Mutator } from './mutations.ts'
import { type Signature, Victim } from './victim.ts'

/** Inputs that one engine lives through. */
const INPUTS_PER_ENGINE = 10_000
const CHECK_EVERY = 500

export interface CampaignOptions {
  readonly seed: number
  readonly inputs: number
  /** Real and hostile datagrams to begin with; every tenth input is one of them, damaged. */
  readonly corpus: readonly Uint8Array[]
}

export interface CampaignResult {
  readonly answers: number
  readonly largestAnswer: number
  /** Contacts at once: shows that forged answers reached the table. */
  readonly mostContacts: number
  /** The first datagram of each signature. */
  readonly found: ReadonlyMap<Signature, Uint8Array>
}

export async function runCampaign({ seed, inputs, corpus }: CampaignOptions): Promise<CampaignResult> {
  const random = seededRandom(seed)
  const grammar = new Grammar(random)
  await grammar.prepare()
  const mutator = new Mutator(random)
  const found = new Map<Signature, Uint8Array>()
  let victim = new Victim(random, 'mainline')
  const total = { answers: 0, largestAnswer: 0, mostContacts: 0 }
  for (let i = 0; i < inputs; i++) {
    if (i % INPUTS_PER_ENGINE === INPUTS_PER_ENGINE - 1) {
      sumUp()
      victim = new Victim(random, i % (2 * INPUTS_PER_ENGINE) < INPUTS_PER_ENGINE ? 'private' : 'mainline')
    }
    if (i % 50 === 0) victim.work()
    const { from, bytes } = next()
    try {
      const signature = victim.feed(from, bytes)
      if (!found.has(signature)) found.set(signature, bytes)
      if (i % CHECK_EVERY === 0) victim.checkSizes()
    } catch (cause) {
      throw new Error(`seed ${seed}, input ${i}, ${toHex(bytes)}`, { cause })
    }
  }
  sumUp()
  return { ...total, found }

  function sumUp(): void {
    victim.checkSizes()
    total.answers += victim.answers
    total.largestAnswer = Math.max(total.largestAnswer, victim.largestAnswer)
    total.mostContacts = Math.max(total.mostContacts, victim.mostContacts)
  }

  function next(): { from: { host: string; port: number }; bytes: Uint8Array } {
    const asked = victim.openQuery()
    const isAnswer = asked !== undefined && randomBelow(random, 3) === 0
    const from = isAnswer && randomBelow(random, 10) > 0 ? asked.to : victim.sender()
    if (corpus.length > 0 && randomBelow(random, 10) === 0) {
      const kept = corpus[randomBelow(random, corpus.length)] as Uint8Array
      return { from, bytes: randomBelow(random, 3) === 0 ? kept : mutator.damaged(kept) }
    }
    const transaction = isAnswer ? asked.transaction : latin1(random.bytes(1 + randomBelow(random, 4)))
    const occasion: Occasion = { token: victim.tokenOf(from), transaction }
    const tree = isAnswer
      ? randomBelow(random, 8) === 0
        ? grammar.error(occasion)
        : grammar.response(occasion)
      : grammar.query(occasion)
    return { from, bytes: mutator.bytesOf(tree) }
  }
}
