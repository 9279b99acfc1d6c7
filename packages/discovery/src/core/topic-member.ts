/** One session of a topic, as the topic's machine knows it: a book of its own, and a port if it announces one. */

import type { CandidateSource } from '@shoal/peer'
import type { CandidateBook } from './candidate-book.ts'

export interface AnnouncedPort {
  readonly port: number
  /** BEP 5 `implied_port`: whoever hears it takes the port that the datagram came from. */
  readonly impliedPort: boolean
}

export interface TopicMemberInit {
  readonly book: CandidateBook
  readonly port: AnnouncedPort | undefined
  readonly announceTo: readonly CandidateSource[] | undefined
}

export class TopicMember {
  readonly book: CandidateBook
  readonly port: AnnouncedPort | undefined
  /** The only sources that hear of the port; all without it. */
  announceTo: readonly CandidateSource[] | undefined
  /** A user who reports wants to be connected; of one who does not we only know what was found. */
  hasReports = false

  constructor(init: TopicMemberInit) {
    this.book = init.book
    this.port = init.port
    this.announceTo = init.announceTo
  }

  /** Whether the port is to be known there. */
  announces(port: AnnouncedPort, source: CandidateSource): boolean {
    if (this.port === undefined || portKey(this.port) !== portKey(port)) return false
    return this.announceTo?.includes(source) ?? true
  }

  /** Whether it still lacks what it looks for. */
  get isInNeed(): boolean {
    if (this.hasReports) return this.book.connected === 0
    // Whoever announces finds at least itself.
    return this.book.size < (this.port === undefined ? 1 : 2)
  }
}

export function portKey(port: AnnouncedPort): string {
  return `${port.port}${port.impliedPort ? ' implied' : ''}`
}
