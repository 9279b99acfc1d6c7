export { DiscoveryChannel, type DiscoveryChannelOptions, discoveryChannel } from './compat/discovery-channel.ts'
export { ANNOUNCE_PACE, type AnnouncePace } from './core/announce-schedule.ts'
export { BOOK_LIMITS, type BookLimits } from './core/book-rules.ts'
export type { BookStats } from './core/candidate-book.ts'
export { LOOKUP_PACE, type LookupPace } from './core/lookup-schedule.ts'
export {
  Discovery,
  type DiscoveryOptions,
  type DiscoverySources,
  type DiscoveryStats,
  type JoinOptions,
} from './discovery.ts'
export type { Session, SessionEvents } from './session.ts'
