/**
 * What `Discovery` is told, and the check that every name in it is one we know: an option that is misplaced or misspelt
 * would find nobody, and say nothing.
 */

import { type Endpoint, UsageError } from '@shoal/base'
import type { Dht, DhtOptions } from '@shoal/dht'
import type { AnnouncePace } from './core/announce-schedule.ts'
import { BOOK_LIMITS, type BookLimits } from './core/book-rules.ts'
import type { LookupPace } from './core/lookup-schedule.ts'
import type { CacheOptions } from './node/cache-source.ts'
import type { LanOptions } from './node/lan-source.ts'
import type { RosterOptions } from './node/roster-memory.ts'

export interface DiscoverySources {
  /**
   * A node of our own, with options if there are any, or one that exists already and is shared. Ours is made at the first
   * join: a client (BEP 43) where that one does not announce, unless `mode` says otherwise.
   */
  readonly dht?: boolean | DhtOptions | Dht
  /** `host:port`, with brackets around IPv6; the host may be a name. */
  readonly static?: readonly (string | Endpoint)[]
  /** An invite (`shoal:invite:…`): the servers that it names, for its topic. */
  readonly invite?: string
  /** The local network, by multicast DNS. */
  readonly lan?: boolean | LanOptions
  /** Peers proven before, remembered in a file from run to run. */
  readonly cache?: CacheOptions
  /** Of topics with an owner: what the owner published last, remembered in a file, so that nothing older is believed in the next run. */
  readonly roster?: RosterOptions
}

export interface DiscoveryOptions {
  /** The DHT and the local network where nothing is said; where something is, what is named and nothing else. */
  readonly sources?: DiscoverySources
  /** Closes everything when it aborts. */
  readonly signal?: AbortSignal
  /** How often to look up and to announce. */
  readonly pace?: { readonly lookup?: LookupPace; readonly announce?: AnnouncePace }
  /** What the candidate book of each session holds at most. */
  readonly limits?: Partial<BookLimits>
}

// Each a whole record, so that the compiler asks for the name of an option that is added.
const OPTIONS: Readonly<Record<keyof DiscoveryOptions, true>> = {
  sources: true,
  signal: true,
  pace: true,
  limits: true,
}
const SOURCES: Readonly<Record<keyof DiscoverySources, true>> = {
  dht: true,
  static: true,
  invite: true,
  lan: true,
  cache: true,
  roster: true,
}
const CACHE_OPTIONS: Readonly<Record<keyof CacheOptions, true>> = { file: true }
const ROSTER_OPTIONS: Readonly<Record<keyof RosterOptions, true>> = { file: true }
const LAN_OPTIONS: Readonly<Record<keyof LanOptions, true>> = { interfaces: true, port: true }
const PACES: Readonly<Record<keyof NonNullable<DiscoveryOptions['pace']>, true>> = { lookup: true, announce: true }
const DHT_OPTIONS: Readonly<Record<keyof DhtOptions, true>> = {
  bootstrap: true,
  port: true,
  host: true,
  families: true,
  nodeId: true,
  stateFile: true,
  mode: true,
  network: true,
  limits: true,
  signal: true,
}

/** Throws UsageError for the first name that is no option's, with those that are. */
export function checkDiscoveryOptions(options: DiscoveryOptions): void {
  checkNames(options, OPTIONS, 'discovery')
  const { sources = {}, pace = {}, limits = {} } = options
  checkNames(sources, SOURCES, 'discovery.sources')
  checkNames(pace, PACES, 'discovery.pace')
  checkNames(limits, BOOK_LIMITS, 'discovery.limits')
  const { dht, cache, roster, lan } = sources
  if (typeof lan !== 'boolean' && lan !== undefined) checkNames(lan, LAN_OPTIONS, 'discovery.sources.lan')
  if (cache !== undefined) {
    checkNames(cache, CACHE_OPTIONS, 'discovery.sources.cache')
    checkFile(cache, 'discovery.sources.cache', 'peers')
  }
  if (roster !== undefined) {
    checkNames(roster, ROSTER_OPTIONS, 'discovery.sources.roster')
    checkFile(roster, 'discovery.sources.roster', 'rosters')
  }
  if (typeof dht !== 'boolean' && dht !== undefined && !isDht(dht)) {
    checkNames(dht, DHT_OPTIONS, 'discovery.sources.dht')
  }
}

export function isDht(value: boolean | DhtOptions | Dht): value is Dht {
  return typeof value === 'object' && value !== null && 'lookup' in value && typeof value.lookup === 'function'
}

function checkFile({ file }: { readonly file: unknown }, place: string, what: string): void {
  if (typeof file === 'string' && file !== '') return
  throw new UsageError(`${place} takes { file }: the path of the file to remember ${what} in`)
}

function checkNames(given: object, known: object, place: string): void {
  const names = Object.keys(known).join(', ')
  if (typeof given !== 'object' || given === null) {
    throw new UsageError(`${place} takes an object with ${names}, not ${String(given)}`)
  }
  for (const [name, value] of Object.entries(given)) {
    if (Object.hasOwn(known, name) || value === undefined) continue
    const hint = place !== 'discovery.sources.dht' && Object.hasOwn(DHT_OPTIONS, name) ? DHT_HINT : ''
    throw new UsageError(`${place} has no option "${name}": choose among ${names}${hint}`)
  }
}

const DHT_HINT = '; options of the DHT node go into sources: { dht: { … } }'
