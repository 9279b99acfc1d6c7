/** The database of `@shoal/tool-db` with discovery joined to it: `discovery: true` is all that a program has to say. */

import { UsageError } from '@shoal/base'
import { checkInvite, type DiscoveryOptions, requireInvite } from '@shoal/discovery'
import { type Invite, requireTopic, type Swarm, type Topic } from '@shoal/peer'
import { ToolDb as Database, type GivenOptions } from '@shoal/tool-db'
import type { MappingOptions } from './announcing.ts'
import { type InviteOptions, writeInvite } from './invites.ts'
import { JoinedSwarm } from './joined-swarm.ts'

export interface JoinedOptions extends Omit<GivenOptions, 'discovery'> {
  /**
   * `true` looks for servers of the topic on the BitTorrent DHT, and announces this one if it is a server; options say
   * how; an object that finds peers in another way is taken as it is, and stays its owner's to close.
   */
  readonly discovery: boolean | DiscoveryOptions | Swarm
  /** An invite (`shoal:invite:…`): its topic, and servers to begin with. `discovery` is `true` with it, unless options say how. */
  readonly invite: string
  /**
   * Whether a server behind a NAT asks the router for its port (UPnP, NAT-PMP): `true` unless told otherwise. Never asked on a
   * private network, or where this machine has a public address.
   */
  readonly mapping: boolean | MappingOptions
}

export class ToolDb extends Database {
  /** What finds the servers of the topic, where the database has its own. */
  readonly swarm: JoinedSwarm | undefined
  /** That of the DHT node, and of the invite. */
  readonly #opened: Promise<unknown>
  #isWatched = false

  /** Throws UsageError for options that can't be meant, and for an invite that is none any more. */
  constructor(options: Partial<JoinedOptions> = {}) {
    const { discovery, mapping = true, invite: inviteText, ...others } = options
    const invite = inviteText === undefined ? undefined : requireInvite(inviteText)
    const finding = discovery === undefined ? invite !== undefined : discovery
    if (invite !== undefined && (finding === false || isSwarm(finding))) {
      throw new UsageError('an invite is for discovery of our own: leave the option discovery out, or give options')
    }
    const topic = topicOf(others.topic, invite)
    const swarm = isSwarm(finding) ? undefined : ownSwarm(finding, others, { mapping, invite: inviteText })
    const finder = isSwarm(finding) ? finding : swarm
    try {
      super({ ...others, ...topic, ...(finder === undefined ? {} : { discovery: finder }) })
    } catch (error) {
      // The DHT node is running already, and nobody else could end it.
      void swarm?.close()
      throw error
    }
    this.swarm = swarm
    this.on('dialled-back', ({ reached }: { reached: boolean }) => swarm?.handleDialBack(reached))
    swarm?.on('woken', () => this.runtime?.driver.input((node, now) => node.handleWake(now)))
    this.#opened = Promise.all([swarm?.listening, invite === undefined ? undefined : requireSigned(invite)])
    this.#opened.catch((error: unknown) => {
      // A DHT port that is taken must not go unnoticed by a program that never looks at `ready`.
      if (!this.#isWatched && !this.isClosing) void Promise.reject(error)
    })
  }

  /** Resolves when store, network and DHT node are open; rejects with why they can't be, and where the invite is forged. */
  override get ready(): Promise<void> {
    this.#isWatched = true
    return Promise.all([super.ready, this.#opened]).then(() => undefined)
  }

  /**
   * An invite to the topic, as text: whoever has it can begin with this server and those that are connected, without any
   * DHT node or name. Of a private topic it holds the secret. Rejects with NoServersError while there is nobody to name.
   */
  async createInvite(options: InviteOptions = {}): Promise<string> {
    await this.begun()
    return writeInvite(
      { topic: this.topic, servers: this.serverPeers, peers: this.peers, own: this.peerAccount.getAddress() },
      options,
    )
  }

  override async close(): Promise<void> {
    await super.close()
    await this.swarm?.close()
  }
}

function topicOf(given: string | Topic | undefined, invite: Invite | undefined): { readonly topic?: string | Topic } {
  if (invite === undefined) return given === undefined ? {} : { topic: given }
  const { topic } = invite
  if (given !== undefined && (typeof given === 'string' ? requireTopic(given) : given).publicId !== topic.publicId) {
    throw new UsageError('the invite is to another topic than the option topic says: leave that out')
  }
  return { topic }
}

async function requireSigned(invite: Invite): Promise<void> {
  const fault = await checkInvite(invite)
  if (fault !== undefined) throw new UsageError(fault)
}

function ownSwarm(
  discovery: boolean | DiscoveryOptions,
  options: GivenOptions,
  about: { readonly mapping: boolean | MappingOptions; readonly invite: string | undefined },
): JoinedSwarm | undefined {
  if (discovery === false) return undefined
  return new JoinedSwarm({
    ...about,
    discovery: discovery === true ? {} : discovery,
    isServer: options.server === true,
    isHostGiven: options.host !== undefined,
    bind: options.bind === '0.0.0.0' || options.bind === '::' ? undefined : options.bind,
  })
}

function isSwarm(discovery: boolean | DiscoveryOptions | Swarm): discovery is Swarm {
  return typeof discovery === 'object' && discovery !== null && 'join' in discovery
}
