/** A candidate book in virtual time, with the few words that its tests speak. */

import { type Millis, seededRandom } from '@shoal/base'
import type { Candidate, CandidateSource, DialOutcome } from '@shoal/peer'
import { BOOK_LIMITS, type BookLimits } from '../../src/core/book-rules.ts'
import { CandidateBook, type SightingOutcome } from '../../src/core/candidate-book.ts'
import { checkSighting } from '../../src/core/place.ts'

export interface BookWorld {
  readonly book: CandidateBook
  now: Millis
  /** A sighting of `host:port`; by default the DHT's, told by a node somewhere on the internet. */
  sight(endpoint: string, source?: CandidateSource, from?: string): SightingOutcome | 'rejected'
  report(endpoint: string, outcome: DialOutcome): void
  connected(endpoint: string, peerId?: string): void
  /** Everything that is worth a dial now, as `host:port`. */
  drain(): string[]
  /** Waits for the next candidate and says after how long it came. */
  nextAfter(): { endpoint: string; wait: Millis } | undefined
}

export function world(options: { seed?: number; limits?: Partial<BookLimits> } = {}): BookWorld {
  const start: Millis = 1_000_000
  const book = new CandidateBook({
    now: start,
    random: seededRandom(options.seed ?? 1),
    limits: { ...BOOK_LIMITS, ...options.limits },
  })
  const text = ({ host, port }: Candidate): string => `${host}:${port}`
  const self: BookWorld = {
    book,
    now: start,
    sight(endpoint, source = 'dht', from = '5.6.7.8') {
      const checked = checkSighting({ ...split(endpoint), source, from })
      return checked.ok ? book.sight(self.now, checked.value) : 'rejected'
    },
    report(endpoint, outcome) {
      book.report(self.now, split(endpoint), outcome)
    },
    connected(endpoint, peerId = endpoint) {
      self.report(endpoint, { kind: 'connected', peerId, proven: true })
    },
    drain() {
      const out: string[] = []
      for (let next: Candidate | undefined; (next = book.poll(self.now)); ) out.push(text(next))
      return out
    },
    nextAfter() {
      const before = self.now
      let next = book.poll(self.now)
      for (let at: Millis | undefined; !next && (at = book.pollTimeout()) !== undefined; ) {
        self.now = Math.max(at, self.now)
        next = book.poll(self.now)
      }
      return next && { endpoint: text(next), wait: self.now - before }
    },
  }
  return self
}

export const FAILED: DialOutcome = { kind: 'failed', reason: 'time-out' }

function split(endpoint: string): { host: string; port: number } {
  const colon = endpoint.lastIndexOf(':')
  return { host: endpoint.slice(0, colon), port: Number(endpoint.slice(colon + 1)) }
}
