/**
 * Every open channel: admission by number and address, the edge where frames become messages, rates, faults, and the
 * end. What connected peers say is handed on; what they may say before that is the handshake's.
 */

import { type Endpoint, parseIp, scopeOf, toHex } from '@shoal/base'
import { KEY_BYTES_MAX } from '../records/key.ts'
import { isBatch, textsOf } from '../wire/batch.ts'
import type { Message, MessageType } from '../wire/message.ts'
import { type ParsedMessage, parseMessage, type WireLimits } from '../wire/parse.ts'
import { Allowance } from './allowance.ts'
import { Bans, Conduct, FAULT, type FaultKind } from './conduct.ts'
import type { Kernel } from './kernel.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import { takesBatches } from './peer.ts'
import { claimedAddress, type HeldFrame, mayCome, mayWait, type Session } from './session.ts'
import { TokenBucket } from './token-bucket.ts'

export interface OpenedChannel {
  readonly channel: number
  readonly remote: Endpoint
  readonly direction: 'inbound' | 'outbound'
  readonly dialled: Endpoint | undefined
  readonly isTextOnly: boolean
}

export interface SessionHooks {
  onOpened(session: Session): void
  /** A message that may come in this state. */
  onMessage(session: Session, message: Message, size: number): void
  /** Once for each session that was opened; its state is `closed` by then, `before` is what it was. */
  onClosed(session: Session, before: Session['state'], reason: string): void
  /** A message was refused at the edge; honest peers may be told. */
  onRefused(session: Session, id: string | undefined, code: 'MALFORMED' | 'RATE_LIMITED'): void
  onMisbehaved(session: Session, reason: string): void
}

/** RFC 6455, 7.4: going away, policy violation, try again later. */
export const CLOSE = { away: 1001, policy: 1008, later: 1013 } as const

interface Prefix {
  sessions: number
  readonly messages: TokenBucket
  readonly bytes: TokenBucket
}

export class Sessions {
  readonly bans: Bans
  readonly #kernel: Kernel
  readonly #hooks: SessionHooks
  readonly #isSilent: boolean
  readonly #wireLimits: WireLimits
  /** BOUNDED: sessionsMax. */
  readonly #sessions = new Map<number, Session>()
  /** BOUNDED: by the sessions, of which each counts in one. */
  readonly #prefixes = new Map<string, Prefix>()

  /** `isSilent`: the topic has a secret, and whoever has not shown that he knows it is told nothing. */
  constructor(kernel: Kernel, hooks: SessionHooks, isSilent: boolean) {
    this.#kernel = kernel
    this.#hooks = hooks
    this.#isSilent = isSilent
    this.bans = new Bans(kernel)
    const { limits } = kernel
    this.#wireLimits = {
      frameSizeMax: limits.messageSizeMax,
      // Others have other limits: what is well-formed and too much for us is refused further in, and no fault.
      depthMax: Math.max(limits.messageDepthMax, DEFAULT_LIMITS.messageDepthMax),
      keyLengthMax: KEY_BYTES_MAX,
      answerKeysMax: Math.max(limits.queryKeysMax, DEFAULT_LIMITS.queryKeysMax),
      serversMax: limits.serversPerPongMax,
    }
  }

  get size(): number {
    return this.#sessions.size
  }

  get(channel: number): Session | undefined {
    return this.#sessions.get(channel)
  }

  /** True while a handshake goes on with somebody who says to be this peer. */
  isMeeting(address: string): boolean {
    for (const session of this.#sessions.values()) if (claimedAddress(session) === address) return true
    return false
  }

  /** `undefined` where the channel was turned away. */
  open(opened: OpenedChannel): Session | undefined {
    const { now, limits, counters } = this.#kernel
    const refusal = this.#refusal(opened)
    if (refusal !== undefined) {
      counters.add(`refused.${refusal}`)
      this.#kernel.tell({ kind: 'close', channel: opened.channel, code: CLOSE.later, reason: refusal })
      return undefined
    }
    const session: Session = {
      ...opened,
      prefix: prefixName(opened.remote),
      openedAt: now,
      conduct: new Conduct(now),
      messages: new TokenBucket(limits.messagesPerSecond, now),
      bytes: new TokenBucket(limits.bytesPerSecond, now),
      endpoints: new TokenBucket(limits.endpointsPerSecond, now),
      answers: new Allowance(),
      state: { kind: 'opened' },
      handshakeHash: '',
      heardAt: this.#kernel.steady,
      framesHeard: 0,
      timer: undefined,
      serversTold: undefined,
      unverified: 0,
      unverifiedSize: 0,
      relayedGets: 0,
      functions: 0,
    }
    const prefix = this.#prefixOf(session.prefix)
    if (prefix !== undefined) prefix.sessions++
    this.#sessions.set(opened.channel, session)
    session.timer = this.#kernel.after(limits.handshakeTimeout, () => {
      this.#kernel.counters.add('handshake.timed-out')
      this.close(session, CLOSE.policy, 'no handshake')
    })
    this.#hooks.onOpened(session)
    return session
  }

  handleFrame(session: Session, frame: HeldFrame): void {
    if (session.state.kind === 'closed') return
    session.heardAt = this.#kernel.steady
    session.framesHeard++
    if (isBatch(frame) && session.state.kind === 'connected' && takesBatches(session.state.peer)) {
      this.#handleBatch(session, frame)
    } else this.#handleOne(session, frame)
  }

  /** Each message counts as if it had come by itself, and so does each that is none. */
  #handleBatch(session: Session, batch: string): void {
    const texts = textsOf(batch)
    if (texts === undefined) {
      this.#refuse(session, { ok: false, code: 'TOO_LARGE' })
      return
    }
    for (const text of texts) {
      if (isClosed(session)) return
      this.#handleOne(session, text)
    }
  }

  #handleOne(session: Session, frame: HeldFrame): void {
    if (!this.#isWithinRate(session, frame.length)) {
      this.#kernel.counters.add('refused.over-rate')
      if (this.fault(session, 'over-rate')) return
      const parsed = parseMessage(frame, this.#wireLimits)
      if (parsed.ok) this.#hooks.onRefused(session, parsed.message.id, 'RATE_LIMITED')
      return
    }
    if (mayWait(session, frame)) return
    const parsed = parseMessage(frame, this.#wireLimits)
    if (!parsed.ok) this.#refuse(session, parsed)
    else if (!mayCome(session, parsed.message.type)) this.#outOfTurn(session, parsed.message.type)
    else this.#hooks.onMessage(session, parsed.message, parsed.size)
  }

  /** What was inside a sealed message, by the same edge as everything. */
  parse(payload: Uint8Array): Message | undefined {
    const parsed = parseMessage(payload, this.#wireLimits)
    return parsed.ok ? parsed.message : undefined
  }

  /** A frame came that the encryption does not hold of. Whoever is on the way can do that: it is nobody's fault. */
  handleBroken(channel: number): void {
    const session = this.#sessions.get(channel)
    if (session === undefined) return
    this.#kernel.counters.add('rejected.broken-encryption')
    this.close(session, CLOSE.policy, 'the encryption does not hold')
  }

  /** Counts a fault; true where it was one too many and the session has ended. */
  fault(session: Session, kind: FaultKind): boolean {
    if (session.state.kind === 'closed') return true
    this.#kernel.counters.add(`faults.${kind}`)
    if (!session.conduct.note(this.#kernel.now, FAULT[kind])) return false
    const { state } = session
    const proven = state.kind === 'connected' && state.peer.proven ? state.peer.peerId : undefined
    this.bans.add(session.remote, proven)
    this.#hooks.onMisbehaved(session, kind)
    this.close(session, CLOSE.policy, `misbehaved: ${kind}`)
    return true
  }

  /**
   * True of a stranger on a topic with a secret: nothing that he says counts any more, and he is put out when the time for a handshake
   * is over, as whoever says nothing.
   */
  turnsDeaf(session: Session): boolean {
    if (!this.#isSilent || session.handshakeHash !== '' || session.direction === 'outbound') return false
    session.state = { kind: 'checking' }
    return true
  }

  close(session: Session, code: number, reason: string): void {
    if (session.state.kind === 'closed') return
    // The end of a WebSocket carries it: it would tell a stranger that this is of a topic that he knows something of.
    const told = this.#isSilent && session.handshakeHash === '' ? '' : reason
    this.#kernel.tell({ kind: 'close', channel: session.channel, code, reason: told })
    this.#end(session, reason)
  }

  /** The channel has closed by itself. */
  handleClosed(channel: number, reason: string): void {
    const session = this.#sessions.get(channel)
    if (session !== undefined) this.#end(session, reason)
  }

  closeAll(reason: string): void {
    for (const session of [...this.#sessions.values()]) this.close(session, CLOSE.away, reason)
  }

  #end(session: Session, reason: string): void {
    const before = session.state
    if (before.kind === 'closed') return
    session.state = { kind: 'closed' }
    this.#kernel.cancel(session.timer)
    this.#sessions.delete(session.channel)
    const name = session.prefix
    const prefix = name === undefined ? undefined : this.#prefixes.get(name)
    if (name !== undefined && prefix !== undefined && --prefix.sessions === 0) this.#prefixes.delete(name)
    this.#hooks.onClosed(session, before, reason)
  }

  #refusal(opened: OpenedChannel): string | undefined {
    const { limits } = this.#kernel
    const name = prefixName(opened.remote)
    const prefix = name === undefined ? undefined : this.#prefixes.get(name)
    if (this.bans.hasAddress(opened.remote)) return 'banned'
    if (this.#sessions.size >= limits.sessionsMax) return 'too-many-sessions'
    if (opened.direction === 'outbound' || prefix === undefined) return undefined
    return prefix.sessions >= limits.sessionsPerPrefixMax ? 'too-many-from-prefix' : undefined
  }

  #refuse(session: Session, parsed: ParsedMessage & { ok: false }): void {
    this.#kernel.counters.add(`rejected.${parsed.code.toLowerCase()}`)
    this.#hooks.onRefused(session, parsed.id, 'MALFORMED')
    if (!isHandedOn(session, parsed)) this.fault(session, 'malformed')
  }

  #outOfTurn(session: Session, type: MessageType): void {
    this.#kernel.counters.add('rejected.out-of-turn')
    this.#kernel.counters.add(`rejected.out-of-turn.${type}`)
    this.fault(session, 'out-of-turn')
  }

  #isWithinRate(session: Session, size: number): boolean {
    const { now } = this.#kernel
    const prefix = session.prefix === undefined ? undefined : this.#prefixes.get(session.prefix)
    if (!session.messages.take(now, 1) || !session.bytes.take(now, size)) return false
    return prefix === undefined || (prefix.messages.take(now, 1) && prefix.bytes.take(now, size))
  }

  #prefixOf(name: string | undefined): Prefix | undefined {
    const { now, limits } = this.#kernel
    if (name === undefined) return undefined
    const known = this.#prefixes.get(name)
    if (known !== undefined) return known
    const fresh: Prefix = {
      sessions: 0,
      messages: new TokenBucket(limits.messagesPerSecond * limits.prefixFactor, now),
      bytes: new TokenBucket(limits.bytesPerSecond * limits.prefixFactor, now),
    }
    this.#prefixes.set(name, fresh)
    return fresh
  }
}

/** A record that is none here, from a plain server: anybody may have left it there, and it keeps and hands on what tool-db takes. */
function isHandedOn({ state }: Session, { code, field }: ParsedMessage & { ok: false }): boolean {
  if (state.kind !== 'connected' || state.peer.proven || !state.peer.isServer) return false
  return code === 'TOO_DEEP' || (code === 'BAD_FIELD' && field === 'data')
}

/** By what a message before did. */
function isClosed({ state }: Session): boolean {
  return state.kind === 'closed'
}

/** IPv4 /24 and IPv6 /64. None for loopback and private networks: all of a test, or of those behind one proxy, is there. */
export function prefixName(remote: Endpoint): string | undefined {
  const ip = parseIp(remote.host)
  if (ip === undefined || scopeOf(ip) !== 'global') return undefined
  return toHex(ip.subarray(0, ip.length === 4 ? 3 : 8))
}
