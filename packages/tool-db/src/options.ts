/** What the constructor takes: tool-db's options with its defaults, and what we add. */

import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import { isPort, UsageError } from '@shoal/base'
import { type Certificate, parseCertificate, requireTopic, type Swarm, type Topic } from '@shoal/peer'
import { DEFAULT_LIMITS, type NodeLimits } from './core/node/limits.ts'
import type { NetworkAdapter } from './network/adapter-network.ts'
import type { StorageAdapter } from './store/storage-adapter.ts'
import type { Durability, Store } from './store/store.ts'
import type { UserAdapterConstructor } from './users/user-adapter.ts'

export interface PeerPlace {
  readonly host: string
  readonly port: number
}

// Adapters written for tool-db type their database as tool-db's own class, which ours is not.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type StorageAdapterConstructor = new (db: any, forceStorageName?: string) => StorageAdapter
// biome-ignore lint/suspicious/noExplicitAny: see above
export type NetworkAdapterConstructor = new (db: any) => NetworkAdapter

/** The options of tool-db 2.x. */
export interface ToolDbOptions {
  /** Logs to the console. */
  debug: boolean
  /** Dialled from the start, and again whenever they are lost. */
  peers: readonly PeerPlace[]
  /** Tries of an endpoint at `wait`; those given by hand are tried ever more rarely after that, others forgotten. */
  maxRetries: number
  /** A key listener is called at once, and then at most so often, in ms. */
  triggerDebouce: number
  /** Between the first tries of an endpoint, in ms. */
  wait: number
  /** Zeros at the front of every record's hash; 0 or null for no proof of work. */
  pow: number | null
  server: boolean
  /** Takes the upgrades of this web server instead of listening itself. */
  httpServer: Server | SecureServer | undefined
  /** Where others reach this server. */
  host: string
  /** 0 takes a free one. */
  port: number
  ssl: boolean
  /** The directory of the default store, or whatever a storage adapter makes of it. */
  storageName: string
  networkAdapter: NetworkAdapterConstructor | undefined
  storageAdapter: StorageAdapterConstructor | undefined
  userAdapter: UserAdapterConstructor<never> | undefined
  /** Its public id, which is the name of a plain one. */
  topic: string
  serverName: string | undefined
  modules: Record<string, unknown>
}

/** What ours takes besides. */
export interface AddedOptions {
  /** Where servers of the topic are found, and ours is announced. */
  discovery: Swarm | undefined
  /** A store that is there already; `close()` closes it. */
  store: Store | 'memory' | undefined
  /** The address to listen on; default all. */
  bind: string | undefined
  /** compatible takes tool-db's plain records too, strict only bound ones. */
  records: 'compatible' | 'strict'
  /** Of a server of a topic with an owner: what the owner has signed for its peer key. */
  certificate: Certificate | undefined
  /** Earlier topics whose bound records are still taken. */
  acceptTopics: readonly string[]
  /** Connections with shoal peers are encrypted; plain tool-db peers know no encryption and are served all the same. */
  encryption: boolean
  /** Takes encrypted connections only: no plain tool-db peers, and none with `encryption: false`. */
  requireEncryption: boolean
  /** Whether peers that can prove nothing (tool-db's own) are talked to. */
  plainPeers: 'accept' | 'refuse'
  /** sync: acknowledged records survive a loss of power too. */
  durability: Durability
  /** Claims of a frozen name dated further back, in ms, are refused. */
  claimWindow: number
  /** Between two comparisons with a server that stays connected, in ms. */
  syncInterval: number
  /** How long a deletion is kept, in ms: a server that was away for longer is taken for a new one. */
  keepDeletions: number
  /** Of one core, the share that checks the signatures of what a server has stored: 0 for none, up to 1. */
  scrub: number
  /** Believes X-Forwarded-For: only behind a reverse proxy of one's own. */
  trustProxy: boolean
  /** PEM certificates to trust when dialling with TLS. */
  ca: string | undefined
  limits: Partial<NodeLimits>
  /** Closes the database when it aborts. */
  signal: AbortSignal | undefined
}

export type AllOptions = ToolDbOptions & AddedOptions

/** What the constructor is given: topics of any kind, as texts or as values. */
export type GivenOptions = Partial<
  Omit<AllOptions, 'topic' | 'acceptTopics' | 'certificate'> & {
    readonly topic: string | Topic
    readonly acceptTopics: readonly (string | Topic)[]
    /** A text is JSON, as `shoal topic sign` writes it. */
    readonly certificate: Certificate | string | undefined
  }
>

export const DEFAULT_OPTIONS: AllOptions = {
  debug: false,
  peers: [],
  maxRetries: 5,
  triggerDebouce: 100,
  wait: 2_000,
  pow: 0,
  server: false,
  httpServer: undefined,
  host: '127.0.0.1',
  port: 8080,
  ssl: false,
  storageName: 'tooldb',
  networkAdapter: undefined,
  storageAdapter: undefined,
  userAdapter: undefined,
  topic: 'tool-db-default',
  serverName: undefined,
  modules: {},
  discovery: undefined,
  store: undefined,
  bind: undefined,
  records: 'compatible',
  certificate: undefined,
  acceptTopics: [],
  encryption: true,
  requireEncryption: false,
  plainPeers: 'accept',
  durability: 'memory',
  claimWindow: 120_000,
  syncInterval: 300_000,
  keepDeletions: 7_776_000_000,
  scrub: 0.02,
  trustProxy: false,
  ca: undefined,
  limits: {},
  signal: undefined,
}

/** Throws UsageError with a sentence that says which option, and what is expected. */
export function checkedOptions(given: GivenOptions): AllOptions {
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const topic = topicOf(given.topic)
  const options: AllOptions = {
    ...DEFAULT_OPTIONS,
    ...present,
    topic: topic.publicId,
    acceptTopics: publicIdsOf(given.acceptTopics),
    certificate: certificateOf(given.certificate),
  }
  if (options.certificate !== undefined && topic.kind !== 'owned') {
    throw new UsageError(
      'the option certificate is for topics with an owner (shoal:owned:…), and this is none: leave it out',
    )
  }
  if (topic.kind === 'private' && !options.encryption) {
    throw new UsageError('a private topic is nothing without encryption: leave out encryption: false')
  }
  if (topic.kind === 'private' && options.networkAdapter !== undefined) {
    throw new UsageError(
      'a private topic needs a network that carries bytes, which network adapters of tool-db do not: leave out networkAdapter',
    )
  }
  if (options.port !== 0 && !isPort(options.port)) {
    throw new UsageError(`the option port must be 0 (any free one) to 65535: ${String(options.port)}`)
  }
  if (!Array.isArray(options.peers)) throw new UsageError('the option peers takes a list of { host, port } objects')
  for (const peer of options.peers) {
    if (typeof peer?.host !== 'string' || peer.host === '' || !isPort(peer.port)) {
      throw new UsageError(`the option peers takes { host, port } objects: ${JSON.stringify(peer)}`)
    }
  }
  checkChoice('records', options.records, ['compatible', 'strict'])
  checkChoice('plainPeers', options.plainPeers, ['accept', 'refuse'])
  checkChoice('durability', options.durability, ['memory', 'sync'])
  for (const name of [
    'maxRetries',
    'triggerDebouce',
    'wait',
    'claimWindow',
    'syncInterval',
    'keepDeletions',
    'scrub',
  ] as const) {
    if (!(Number.isFinite(options[name]) && options[name] >= 0)) {
      throw new UsageError(`the option ${name} must be a number of 0 or more: ${String(options[name])}`)
    }
  }
  if (options.scrub > 1) throw new UsageError(`the option scrub must be a share of one core, 0 to 1: ${options.scrub}`)
  if (options.pow !== null && !(Number.isInteger(options.pow) && options.pow >= 0 && options.pow <= 16)) {
    throw new UsageError(`the option pow must be null or a whole number of 0 to 16: ${String(options.pow)}`)
  }
  if (options.requireEncryption && !options.encryption) {
    throw new UsageError(
      'the options requireEncryption: true and encryption: false exclude each other: leave one of them out',
    )
  }
  if (options.requireEncryption && options.networkAdapter !== undefined) {
    throw new UsageError(
      'the option requireEncryption needs a network that carries bytes, which network adapters of tool-db do not: leave out networkAdapter',
    )
  }
  checkLimits(options.limits)
  if (options.discovery !== undefined && typeof options.discovery?.join !== 'function') {
    throw new UsageError('the option discovery takes an object that finds servers, as `Discovery` of @shoal/discovery')
  }
  if (options.signal !== undefined && typeof options.signal?.addEventListener !== 'function') {
    throw new UsageError('the option signal takes an AbortSignal')
  }
  for (const name of ['storageAdapter', 'networkAdapter', 'userAdapter'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function') {
      throw new UsageError(`the option ${name} takes a class, not an instance of it: leave it out for the default`)
    }
  }
  const { store } = options
  if (store !== undefined && store !== 'memory' && typeof store?.readMany !== 'function') {
    throw new UsageError(
      "the option store takes 'memory' or a store, as `new LevelDbStore(directory)`; for a directory alone give storageName",
    )
  }
  if (options.store !== undefined && options.storageAdapter !== undefined) {
    throw new UsageError('the options store and storageAdapter exclude each other: give one of them')
  }
  return options
}

/** Throws UsageError for what is no topic. */
export function topicOf(given: string | Topic = DEFAULT_OPTIONS.topic): Topic {
  return typeof given === 'object' && given !== null && 'publicId' in given ? given : requireTopic(given)
}

function publicIdsOf(topics: unknown = []): readonly string[] {
  if (!Array.isArray(topics)) throw new UsageError('the option acceptTopics takes a list of topics')
  return topics.map((topic) => topicOf(topic).publicId)
}

function certificateOf(given: unknown): Certificate | undefined {
  if (given === undefined) return undefined
  const parsed = parseCertificate(typeof given === 'string' ? parsedJson(given) : given)
  if (parsed.ok) return parsed.value
  throw new UsageError('the option certificate takes what "shoal topic sign" has written: the object, or its JSON')
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function checkLimits(limits: unknown): void {
  if (typeof limits !== 'object' || limits === null)
    throw new UsageError('the option limits takes an object of numbers')
  for (const [name, value] of Object.entries(limits)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new UsageError(`there is no limit ${name}: choose from ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
    }
    if (typeof value === 'number' && value >= 0) continue
    throw new UsageError(`the limit ${name} must be a number of 0 or more: ${String(value)}`)
  }
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return
  throw new UsageError(`the option ${name} must be one of ${choices.join(', ')}: ${String(value)}`)
}
