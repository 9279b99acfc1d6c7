/** The part of discovery that knows no sockets and no timers, for those who bring their own sources and clock. */

export { ANNOUNCE_PACE, type AnnouncePace } from './announce-schedule.ts'
export { BOOK_LIMITS, type BookLimits } from './book-rules.ts'
export { type BookStats, CandidateBook } from './candidate-book.ts'
export { LOOKUP_PACE, type LookupPace } from './lookup-schedule.ts'
export { type CachedPeer, PeerCache } from './peer-cache.ts'
export type { Sighting } from './place.ts'
export {
  newSearchCounts,
  type SearchCounts,
  type SearchEffect,
  type SourceAbilities,
  TopicMachine,
  type TopicMachineInit,
} from './topic-machine.ts'
export { type AnnouncedPort, TopicMember } from './topic-member.ts'
