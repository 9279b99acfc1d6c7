/** A database that lives as long as one command: from flags to options, and to the first servers. */

import { existsSync } from 'node:fs'
import { formatEndpoint } from '@shoal/base'
import type { DiscoveryOptions } from '@shoal/discovery'
import type { Topic } from '@shoal/peer'
import type { CertificateRefusal } from '@shoal/tool-db'
import { type JoinedOptions, ToolDb } from '../joined-tool-db.ts'
import { isLoopback, isOwnMachine } from '../own-address.ts'
import { connectPhase } from './connect-phase.ts'
import { peerCacheFileOf, rosterFileOf } from './data-folder.ts'
import { dhtOptionsOf } from './dht-options.ts'
import { Encounters } from './encounters.ts'
import { CommandError } from './exit.ts'
import { openKeyFile } from './key-file.ts'
import type { CommandContext } from './lifecycle.ts'
import type { DatabaseFlags, DhtMode, PeerFlags } from './options.ts'
import { soughtBy } from './topic-flags.ts'
import { USER_FILE } from './user-file.ts'
import type { Deadline } from './waiting.ts'

export interface CommandDatabase {
  readonly db: ToolDb
  readonly topic: Topic
  readonly encounters: Encounters
}

export interface Role {
  readonly isServer: boolean
  /** The DHT node's mode where --mode is not given. */
  readonly mode: DhtMode
  /** What the DHT node remembers from run to run; nothing without it. */
  readonly dhtStateFile?: string
  /** Where peers are remembered from run to run; nowhere without it. */
  readonly peerCacheFile?: string
  /** Of topics with an owner: where the newest roster is remembered. */
  readonly rosterFile?: string
  readonly options: Partial<JoinedOptions>
}

/** Keeps nothing, announces nothing, serves nobody. */
export const CLIENT: Role = { isServer: false, mode: 'client', options: { store: 'memory' } }

/** Not open yet: whoever wants to hear everything listens now, and then waits for `db.ready`. */
export function createDatabase(context: CommandContext, flags: PeerFlags, role: Role): CommandDatabase {
  const { topic, invite } = soughtBy(flags)
  const db = new ToolDb({
    topic,
    server: role.isServer,
    discovery: discoveryOptionsOf(flags, role),
    ...(invite === undefined ? {} : { invite }),
    ...(flags.bind === undefined ? {} : { bind: flags.bind }),
    ...role.options,
  })
  context.onClose(() => db.close())
  db.on('certificate-refused', ({ message }: CertificateRefusal) => context.output.warn(message))
  return { db, topic, encounters: new Encounters(db) }
}

/** A client with --user and --store, connected to servers of the topic. */
export async function openClient(
  context: CommandContext,
  flags: DatabaseFlags,
  deadline: Deadline,
): Promise<CommandDatabase> {
  const { store } = flags
  soughtBy(flags)
  if (!remembersPeers(store)) requireSomewhere(flags)
  const keeping = (directory: string): Role => ({
    ...CLIENT,
    peerCacheFile: peerCacheFileOf(directory),
    rosterFile: rosterFileOf(directory),
    options: { storageName: directory },
  })
  const role = store === undefined || store === 'memory' ? CLIENT : keeping(store)
  const user = await readUser(context, flags)
  const open = createDatabase(context, flags, role)
  await open.db.ready
  if (user !== undefined) await open.db.keysSignIn(user)
  const { output } = context
  const { topic, encounters } = open
  output.progress(`looking for servers of ${topic.publicId}`)
  if (!(await connectPhase(encounters, deadline.left))) throw nobodyReached(topic)
  output.progress()
  output.note(
    `connected to ${encounters.servers} ${encounters.servers === 1 ? 'server' : 'servers'} of ${topic.publicId}`,
  )
  return open
}

/** The private key of --user. */
export async function readUser({ output }: CommandContext, flags: DatabaseFlags): Promise<string | undefined> {
  if (flags.user === undefined) return undefined
  const user = await openKeyFile(flags.user, USER_FILE)
  if (user.created) output.note(`made a new identity in ${flags.user}`)
  if (user.exposed) output.warn(`others can read the private key in ${flags.user}: run chmod 600 on it`)
  return user.key
}

/** An operation needs somebody to ask; better said at once than after the time-out. */
export function requireSomewhere(flags: PeerFlags): void {
  const hasDht = flags.dht && flags.bootstrap?.length !== 0
  if (hasDht || usesLan(flags) || flags.peer.length > 0 || soughtBy(flags).invite !== undefined) return
  throw new CommandError(
    'there is nowhere to look for servers: allow the DHT or the local network, name a server with --peer HOST:PORT, or give an --invite',
  )
}

/**
 * Who keeps to this machine, by --bind or by naming places of this machine alone, is not to be heard on the local network; who
 * wants that all the same leaves those out.
 */
export function usesLan({ lan, bind, bootstrap = [], peer }: PeerFlags): boolean {
  const places = [...bootstrap, ...peer.map(formatEndpoint)]
  return lan && !isLoopback(bind) && (places.length === 0 || !places.every(isOwnMachine))
}

function remembersPeers(store: string | undefined): boolean {
  return store !== undefined && store !== 'memory' && existsSync(peerCacheFileOf(store))
}

export function nobodyReached({ publicId }: Topic): CommandError {
  return new CommandError(
    `no server of the topic "${publicId}" could be reached: start one with shoal serve, check the network, or name one with --peer HOST:PORT`,
  )
}

/** --peer is a source like any other, so that all candidates take one way. */
export function discoveryOptionsOf(
  flags: PeerFlags,
  { mode, dhtStateFile, peerCacheFile, rosterFile }: Omit<Role, 'isServer' | 'options'>,
): DiscoveryOptions {
  const remembered = dhtStateFile === undefined ? {} : { stateFile: dhtStateFile }
  return {
    sources: {
      dht: flags.dht ? { ...dhtOptionsOf(flags, mode), ...remembered } : false,
      lan: usesLan(flags),
      ...(peerCacheFile === undefined ? {} : { cache: { file: peerCacheFile } }),
      ...(rosterFile === undefined ? {} : { roster: { file: rosterFile } }),
      ...(flags.peer.length === 0 ? {} : { static: flags.peer.map(formatEndpoint) }),
    },
  }
}
