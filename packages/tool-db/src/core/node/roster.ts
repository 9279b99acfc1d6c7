/**
 * Who is connected: one session for each peer, whatever number of sockets come about. Between two proven connections of
 * one running process the newer wins, but where both dialled at once both must keep the same one; another
 * process with the same key is a clone as soon as both are seen alive.
 */

import { formatIp, type Millis, parseIp, SECOND, scopeOf } from '@shoal/base'
import { dialTarget } from '@shoal/peer'
import type { Kernel, Timer } from './kernel.ts'
import { infoOf } from './peer.ts'
import type { HeldFrame, Peer, Session } from './session.ts'
import { CLOSE, type Sessions } from './sessions.ts'

/** Two connections proven within this time, one dialled from each side, were dialled at once. */
const SIMULTANEOUS: Millis = 10 * SECOND
/** How long the second of them may take, once the first is gone. */
const LINGER: Millis = 2 * SECOND
/** How long a connection has to show that it is alive, when another process comes with its key, or this machine wakes. */
const PROBE_TIME: Millis = 3 * SECOND

export interface RosterHooks {
  /** The peer is told apart and counted; `isNew` is false where only its socket changed. */
  onConnected(peer: Peer, isNew: boolean): void
  /** The socket is gone, and what hung on it. */
  onLost(peer: Peer): void
  /** The peer is gone. */
  onDisconnected(peer: Peer): void
  /** The frames that came while the proof was judged. */
  replay(session: Session, frames: readonly HeldFrame[]): void
  /** Anything that makes a living peer answer. */
  probe(peer: Peer): void
  onDuplicate(session: Session, peerId: string): void
  /** Tell both sides of a key that two running processes use. */
  onClone(held: Peer, newcomer: Peer): void
}

interface Member {
  peer: Peer
  provenAt: Millis
}

export class Roster {
  readonly #kernel: Kernel
  readonly #sessions: Sessions
  readonly #address: string
  readonly #hooks: RosterHooks
  /** By client id, which belongs to one key. BOUNDED: by the sessions. */
  readonly #members = new Map<string, Member>()
  /** BOUNDED: by the members. */
  readonly #servers = new Set<Peer>()
  /** Peers whose one socket ended while their other one was still being proven. BOUNDED: by the sessions, LINGER each. */
  readonly #lingering = new Map<string, { readonly peer: Peer; readonly timer: Timer }>()

  constructor(parts: { kernel: Kernel; sessions: Sessions; address: string }, hooks: RosterHooks) {
    this.#kernel = parts.kernel
    this.#sessions = parts.sessions
    this.#address = parts.address
    this.#hooks = hooks
  }

  get size(): number {
    return this.#members.size
  }

  peers(): Iterable<Peer> {
    return [...this.#members.values()].map((member) => member.peer)
  }

  get servers(): ReadonlySet<Peer> {
    return this.#servers
  }

  byClientId(clientId: string): Peer | undefined {
    return this.#members.get(clientId)?.peer
  }

  isConnected(address: string, instance: string): boolean {
    const member = this.#members.get(clientIdText(address))
    return member !== undefined && member.peer.peerId === address && member.peer.instance === instance
  }

  /** As far as it can be believed: anybody can repeat the ping of a plain peer, but not from where that peer is. */
  isConnectedPeer(peerId: string): boolean {
    const peer = this.#members.get(clientIdText(peerId))?.peer
    return peer?.peerId === peerId && (peer.proven || mayBeAt(peer))
  }

  isClientIdTaken(clientId: string, address: string | undefined): boolean {
    const member = this.#members.get(clientId)
    // A plain peer proved nothing: it cannot keep the true owner of the key out.
    return member !== undefined && member.peer.peerId !== address && (address === undefined || member.peer.proven)
  }

  admit(peer: Peer, waiting: readonly HeldFrame[], admitted: () => void): void {
    const held = this.#members.get(peer.clientId)
    if (held === undefined || held.peer.session.state.kind === 'closed') {
      this.#enter(peer, { waiting, admitted, isNew: true })
      return
    }
    if (!held.peer.proven) {
      if (!peer.proven) {
        this.#turnAway(peer, held.peer)
        return
      }
      // The true owner of the key: whoever merely used its client id goes.
      this.#sessions.close(held.peer.session, CLOSE.policy, 'client id of another')
      this.#enter(peer, { waiting, admitted, isNew: true })
      return
    }
    if (held.peer.peerId !== peer.peerId || !peer.proven) {
      this.#turnAway(peer, held.peer)
      return
    }
    if (held.peer.instance !== peer.instance) {
      this.#challenge(held, peer, { waiting, admitted })
      return
    }
    if (this.#keepsHeld(held, peer)) {
      this.#turnAway(peer, held.peer)
      return
    }
    this.#replace(held, peer, { waiting, admitted })
  }

  /** The session of a connected peer has ended. */
  handleClosed(peer: Peer): void {
    const member = this.#members.get(peer.clientId)
    if (member?.peer !== peer) return
    this.#members.delete(peer.clientId)
    this.#servers.delete(peer)
    this.#hooks.onLost(peer)
    const isFresh = this.#kernel.steady - member.provenAt < SIMULTANEOUS
    if (!isFresh || !this.#sessions.isMeeting(peer.peerId)) {
      this.#tellGone(peer)
      return
    }
    // Of two connections dialled at once the other side has closed this one before we have judged the other.
    const timer = this.#kernel.after(LINGER, () => {
      this.#lingering.delete(peer.clientId)
      this.#tellGone(peer)
    })
    this.#lingering.set(peer.clientId, { peer, timer })
  }

  #tellGone(peer: Peer): void {
    this.#kernel.emit({ kind: 'disconnected', peer: infoOf(peer) })
    this.#hooks.onDisconnected(peer)
  }

  /** True where this is the other socket of a peer that seemed to be gone. */
  #endsLingering(peer: Peer): boolean {
    const held = this.#lingering.get(peer.clientId)
    if (held === undefined) return false
    this.#kernel.cancel(held.timer)
    this.#lingering.delete(peer.clientId)
    if (held.peer.peerId === peer.peerId && held.peer.instance === peer.instance) return true
    this.#tellGone(held.peer)
    return false
  }

  /**
   * Both sides see both connections, each from its own end: the one that the smaller address dialled stays. Any other
   * pair is decided by time.
   */
  #keepsHeld(held: Member, peer: Peer): boolean {
    if (held.peer.session.direction === peer.session.direction) return false
    if (this.#kernel.steady - held.provenAt > SIMULTANEOUS) return false
    const smallerDialled = this.#address < peer.peerId ? 'outbound' : 'inbound'
    return held.peer.session.direction === smallerDialled
  }

  /** Another process with this key: a clone if the one we have is alive, a restart if it is not. */
  #challenge(held: Member, peer: Peer, entry: { waiting: readonly HeldFrame[]; admitted: () => void }): void {
    const { session } = held.peer
    const heardBefore = session.framesHeard
    this.#hooks.probe(held.peer)
    this.#kernel.after(PROBE_TIME, () => {
      if (peer.session.state.kind !== 'judging') return
      const isAlive = session.state.kind !== 'closed' && session.framesHeard > heardBefore
      if (!isAlive) {
        this.#sessions.close(session, CLOSE.away, 'restarted elsewhere')
        // Whoever came in while we waited is judged like any other.
        return this.admit(peer, entry.waiting, entry.admitted)
      }
      this.#hooks.onClone(held.peer, peer)
      this.#sessions.close(peer.session, CLOSE.policy, 'CLONED_IDENTITY')
    })
  }

  #replace(held: Member, peer: Peer, entry: { waiting: readonly HeldFrame[]; admitted: () => void }): void {
    const old = held.peer
    this.#members.delete(old.clientId)
    this.#servers.delete(old)
    this.#kernel.counters.add('connections.replaced')
    // The new one stands before the old one ends, so that nobody hears of a disconnection.
    this.#enter(peer, { ...entry, isNew: false })
    this.#hooks.onDuplicate(old.session, old.peerId)
    this.#sessions.close(old.session, CLOSE.policy, 'replaced by a newer connection')
  }

  #turnAway(peer: Peer, held: Peer): void {
    this.#kernel.counters.add('connections.duplicate')
    this.#hooks.onDuplicate(peer.session, held.peerId)
    this.#sessions.close(peer.session, CLOSE.policy, 'connected already')
  }

  #enter(peer: Peer, entry: { waiting: readonly HeldFrame[]; admitted: () => void; isNew: boolean }): void {
    const { session } = peer
    if (session.state.kind === 'closed') return
    session.state = { kind: 'connected', peer }
    this.#members.set(peer.clientId, { peer, provenAt: this.#kernel.steady })
    if (peer.isServer) this.#servers.add(peer)
    this.#keepAlive(peer)
    entry.admitted()
    const isNew = entry.isNew && !this.#endsLingering(peer)
    if (isNew) this.#kernel.emit({ kind: 'connected', peer: infoOf(peer) })
    this.#hooks.onConnected(peer, isNew)
    this.#hooks.replay(session, entry.waiting)
  }

  /** Whoever dialled asks first: two that ask at the same moment would send twice as much. */
  #patience({ direction }: Session): Millis {
    const { keepAlive, keepAliveTimeout } = this.#kernel.limits
    return direction === 'outbound' ? keepAlive : keepAlive + keepAliveTimeout
  }

  /** A silent peer is asked once, and given up when it stays silent. */
  #keepAlive(peer: Peer): void {
    const { session } = peer
    const keepAlive = this.#patience(session)
    this.#kernel.cancel(session.timer)
    const silence = this.#kernel.steady - session.heardAt
    if (silence < keepAlive) {
      session.timer = this.#kernel.after(keepAlive - silence, () => this.#keepAlive(peer))
      return
    }
    this.#probe(peer, this.#kernel.limits.keepAliveTimeout)
  }

  /** After sleep, or on another network, connections are often dead, and nobody tells. */
  handleWake(): void {
    for (const { peer } of this.#members.values()) this.#probe(peer, PROBE_TIME)
  }

  #probe(peer: Peer, timeout: Millis): void {
    const { session } = peer
    const heardBefore = session.framesHeard
    this.#kernel.cancel(session.timer)
    this.#hooks.probe(peer)
    session.timer = this.#kernel.after(timeout, () => {
      if (session.framesHeard > heardBefore) return this.#keepAlive(peer)
      this.#kernel.counters.add('dropped.silent')
      this.#sessions.close(session, CLOSE.away, 'silent')
    })
  }
}

/** False for an inbound peer from the internet that says to be at another address. Behind a name may be any. */
function mayBeAt({ session, signed }: Peer): boolean {
  const remote = parseIp(session.remote.host)
  const said = signed === undefined ? undefined : parseIp(dialTarget(signed).host)
  if (remote === undefined || said === undefined || scopeOf(remote) !== 'global') return true
  return formatIp(remote) === formatIp(said)
}

/** The end of an address; a plain server that named none has its client id for an address. */
function clientIdText(address: string): string {
  return address.slice(-20)
}
