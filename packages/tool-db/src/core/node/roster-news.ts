/**
 * The roster of a topic's owner among peers: the newest counts, whoever brings it, since the owner has signed it. Servers hand
 * it on to whoever connects, and to everybody when it changes, so that who reads no DHT hears of revocations too.
 */

import {
  openRoster,
  parseRosterText,
  type RosterText,
  rosterText,
  type SignedRoster,
  type TopicRoster,
  type VerifyEd25519,
} from '@shoal/peer'
import type { NodeConfig } from './config.ts'
import type { Fanout } from './fanout.ts'
import type { Identity } from './identity.ts'
import type { Kernel } from './kernel.ts'
import type { Peer } from './session.ts'

export interface RosterNewsParts {
  readonly kernel: Kernel
  readonly config: NodeConfig
  readonly identity: Identity
  readonly fanout: Fanout
  readonly verify: VerifyEd25519
  peers(): Iterable<Peer>
  onRoster(roster: TopicRoster): void
  onForged(peer: Peer): void
}

export class RosterNews {
  readonly #parts: RosterNewsParts
  #held: SignedRoster | undefined

  constructor(parts: RosterNewsParts) {
    this.#parts = parts
  }

  /** From discovery, which has checked it. */
  handleRoster(roster: SignedRoster): void {
    if (this.#isNews(roster)) this.#take(roster, undefined)
  }

  handleTold(teller: Peer, text: RosterText): void {
    const { membership } = this.#parts.config
    // Clients have it from servers, and need not tell those.
    if (membership.kind !== 'certified' || !teller.isServer || !this.#isNews(text)) return
    const item = parseRosterText(text)
    const opened = item.ok ? openRoster(membership.topic, item.value, this.#parts.verify) : item
    if (!opened.ok) {
      this.#parts.onForged(teller)
      return
    }
    this.#parts.kernel.counters.add('rosters.handed-on')
    this.#parts.kernel.tell({ kind: 'roster', roster: opened.value })
    this.#take(opened.value, teller)
  }

  handleConnected(peer: Peer): void {
    if (this.#held !== undefined) this.#tell([peer], this.#held)
  }

  #isNews({ seq }: { readonly seq: number }): boolean {
    return this.#held === undefined || seq > this.#held.seq
  }

  #take(roster: SignedRoster, teller: Peer | undefined): void {
    this.#held = roster
    const others = [...this.#parts.peers()].filter((peer) => peer !== teller)
    // Before it has an effect: whoever is revoked by it hears so too.
    this.#tell(others, roster)
    this.#parts.onRoster(roster.roster)
  }

  #tell(peers: readonly Peer[], roster: SignedRoster): void {
    const { kernel, config, identity, fanout } = this.#parts
    if (!config.isServer) return
    const targets = peers.filter(({ proven }) => proven)
    const { clientId } = identity
    const told = { isServer: true, servers: [], roster: rosterText(roster) }
    fanout.sendAll(targets, { type: 'pong', id: kernel.messageId(), to: [], clientId, ...told })
  }
}
