/**
 * Can others reach this server? A server asks one that it dialled to dial it back, and tells what came of it. Whoever is asked must
 * not become a tool against others: it dials only the address that the asker's connection comes from, only where that is public, only
 * for a proven server, one at a time, seldom for one asker and one prefix, and nothing but a handshake is sent. The answer is a
 * yes or a no, the same no for every reason.
 */

import { MINUTE, type Millis, parseIp, SECOND, scopeOf } from '@shoal/base'
import type { DialBackMessage } from '../wire/message.ts'
import type { Fanout } from './fanout.ts'
import type { Identity } from './identity.ts'
import type { Kernel, Timer } from './kernel.ts'
import { has } from './peer.ts'
import type { Peer } from './session.ts'
import { prefixName } from './sessions.ts'

/** A connection over half the world, twice. */
const DIAL_TIME: Millis = 3 * SECOND
/** How long whoever asked waits for another dial: an asker, and all of one prefix together. */
const PEER_PAUSE: Millis = MINUTE
const PREFIX_PAUSE: Millis = 15 * SECOND
/** Askers and prefixes that are remembered; while all of these pause nobody else is served. */
const ASKERS_MAX = 1_024
/** A no may have been a bad moment, a yes may be over. */
const ASK_AGAIN: Millis = 10 * MINUTE
/** So long a dial from outside speaks for us, whatever others say. */
const YES_LASTS: Millis = 60 * MINUTE

export interface DialBackParts {
  readonly kernel: Kernel
  readonly isServer: boolean
  readonly identity: Identity
  readonly fanout: Fanout
}

export class DialBacks {
  readonly #parts: DialBackParts
  /** Who is served again when. BOUNDED: ASKERS_MAX. */
  readonly #pauses = new Map<string, Millis>()
  #dialling: { readonly dial: number; readonly end: (code: DialBackCode) => void } | undefined
  /** Our own questions, by the server that was asked. BOUNDED: by the servers that are connected. */
  readonly #asked = new Map<Peer, { id: string; readonly timer: Timer }>()
  #yesAt: Millis | undefined

  constructor(parts: DialBackParts) {
    this.#parts = parts
  }

  // Asked by others

  handleAsk(peer: Peer, message: DialBackMessage): void {
    const { kernel } = this.#parts
    const { session } = peer
    const may = this.#mayDial(peer)
    if (may !== 'DIALLED') {
      kernel.counters.add(`dial-backs.${may.toLowerCase()}`)
      this.#answer(peer, message.id, may)
      return
    }
    const endpoint = { host: session.remote.host, port: message.port }
    let timer: Timer | undefined
    const end = (code: DialBackCode): void => {
      if (this.#dialling?.dial !== dial) return
      this.#dialling = undefined
      kernel.cancel(timer)
      kernel.counters.add(`dial-backs.${code.toLowerCase()}`)
      this.#answer(peer, message.id, code)
    }
    const dial = kernel.ask('dial', { endpoint, globalOnly: true }, () => end('NOT_REACHED'))
    this.#dialling = { dial, end }
    timer = kernel.after(DIAL_TIME, () => {
      kernel.tell({ kind: 'cancel-dial', dial })
      end('NOT_REACHED')
    })
  }

  /** A dial came through: true where it was one of these. What was opened is closed at once, and nothing was said. */
  handleOpened(dial: number, channel: number): boolean {
    if (this.#dialling?.dial !== dial) return false
    this.#parts.kernel.settle(dial)
    this.#parts.kernel.tell({ kind: 'close', channel, code: 1000, reason: 'dialled back' })
    this.#dialling.end('DIALLED')
    return true
  }

  #mayDial({ proven, isServer, session, peerId }: Peer): DialBackCode {
    const { kernel } = this.#parts
    const prefix = prefixName(session.remote)
    // Whom we dialled has an address that others told us of: that would be somebody else's word.
    const isServed =
      this.#parts.isServer && proven && isServer && session.direction === 'inbound' && prefix !== undefined
    if (!isServed) return 'UNSUPPORTED'
    for (const [name, until] of this.#pauses) if (until <= kernel.now) this.#pauses.delete(name)
    const names = [`peer ${peerId}`, `prefix ${prefix}`] as const
    const isPausing = names.some((name) => this.#pauses.has(name)) || this.#pauses.size + names.length > ASKERS_MAX
    if (isPausing || this.#dialling !== undefined) return 'RATE_LIMITED'
    this.#pauses.set(names[0], kernel.now + PEER_PAUSE)
    this.#pauses.set(names[1], kernel.now + PREFIX_PAUSE)
    return 'DIALLED'
  }

  #answer(peer: Peer, id: string, code: DialBackCode): void {
    if (peer.session.state.kind !== 'closed') this.#parts.fanout.send(peer, { type: 'ack', id, to: [], code })
  }

  // Asking others

  handleConnected(peer: Peer): void {
    const { isServer } = this.#parts
    if (!isServer || !peer.proven || !isPublic(peer.session.remote.host)) return
    // Somebody came in from outside: there is no better witness.
    if (peer.session.direction === 'inbound') this.#note(true)
    else if (peer.isServer && has(peer, 'dialback')) this.#ask(peer)
  }

  /** False where it answers no question of ours. */
  handleAck(peer: Peer, id: string, code: string): boolean {
    const asked = this.#asked.get(peer)
    if (asked?.id !== id) return false
    asked.id = ''
    if (code === 'DIALLED' || code === 'NOT_REACHED') this.#note(code === 'DIALLED')
    return true
  }

  handleGone(peer: Peer): void {
    this.#parts.kernel.cancel(this.#asked.get(peer)?.timer)
    this.#asked.delete(peer)
  }

  #ask(peer: Peer): void {
    const { kernel, identity, fanout } = this.#parts
    const port = identity.endpoint?.port
    const id = kernel.messageId()
    // It may have connected anew.
    kernel.cancel(this.#asked.get(peer)?.timer)
    const timer = kernel.after(ASK_AGAIN, () => this.#ask(peer))
    this.#asked.set(peer, { id, timer })
    if (port !== undefined) fanout.send(peer, { type: 'dialback', id, to: [], port })
  }

  /** One yes outweighs every no: a no is easily said. */
  #note(isReached: boolean): void {
    const { kernel } = this.#parts
    if (isReached) this.#yesAt = kernel.now
    else if (this.#yesAt !== undefined && kernel.now - this.#yesAt < YES_LASTS) return
    kernel.emit({ kind: 'dialled-back', reached: isReached })
  }
}

type DialBackCode = 'DIALLED' | 'NOT_REACHED' | 'RATE_LIMITED' | 'UNSUPPORTED'

function isPublic(host: string): boolean {
  const ip = parseIp(host)
  return ip !== undefined && scopeOf(ip) === 'global'
}
