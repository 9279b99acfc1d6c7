/**
 * Connections between hosts, as TCP gives them, over the delays, losses and parts of the world's network: frames come in order and
 * whole or not at all, a lost one holds up those behind it, a part of the network that is cut off falls silent and is given up after a
 * while, a machine that dies resets its connections or, without power, leaves them half open.
 */

import { assert, type Endpoint, type Millis, type RandomSource, randomFraction, SECOND } from '@shoal/base'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { delayOf } from './latency.ts'

export type Frame = string | Uint8Array

export interface StreamOutput {
  handleOpened(host: Host, opened: Opened): void
  /** Nobody listens there. */
  handleDialFailed(host: Host, dial: number): void
  handleFrame(host: Host, channel: number, frame: Frame): void
  handleClosed(host: Host, channel: number, reason: string): void
}

export interface Opened {
  readonly channel: number
  readonly remote: Endpoint
  /** Absent where the other side dialled. */
  readonly dial?: number
}

/** What is sent and not confirmed is sent again so long, then the connection counts as broken. */
const PATIENCE: Millis = 20 * SECOND
/** A lost segment is noticed after so long. */
const RETRANSMISSION: Millis = 200
const PROBE: Millis = SECOND
/** Where inbound connections come from. */
const FIRST_EPHEMERAL_PORT = 40_000

interface End {
  readonly host: Host
  /** Which of its lives the host was in. */
  readonly life: number
  readonly channel: number
  isOpen: boolean
  /** Given up while the other side was silent, which so knows nothing of it. */
  isLost: boolean
}

type Piece = { readonly kind: 'frame'; readonly frame: Frame } | { readonly kind: 'end'; readonly reason: string }

/** One direction of a connection. */
interface Pipe {
  readonly from: End
  readonly to: End
  readonly random: RandomSource
  /** UNBOUNDED: what is under way; nodes pace themselves. */
  readonly queue: { readonly at: Millis; readonly piece: Piece }[]
  lastAt: Millis
  isPumping: boolean
  stalledSince: Millis | undefined
}

export class Streams {
  readonly #world: World
  readonly #output: StreamOutput
  /** Outgoing direction by channel. BOUNDED: by the connections that are open. */
  readonly #pipes = new Map<number, Pipe>()
  /** Hosts without power, which answer nothing. BOUNDED: by the hosts. */
  readonly #dark = new Set<Host>()
  #nextChannel = 1

  constructor(world: World, output: StreamOutput) {
    this.#world = world
    this.#output = output
  }

  /** Opens at both ends, fails at ours, or nothing is heard of it. */
  dial(from: Host, to: Endpoint, dial: number): void {
    const target = this.#world.network.at(to.host)
    if (target === undefined) return
    const host = this.#world.hosts[target.index] as Host
    const random = this.#world.random(`stream ${from.name} ${host.name} ${this.#nextChannel}`)
    const life = from.starts
    const [there, back] = [this.#delay(from, host, random), this.#delay(from, host, random)]
    this.#world.at(this.#world.now + there, () => {
      if (this.#isParted(from, host) || this.#dark.has(host)) return
      if (!host.isUp || target.port !== to.port) {
        this.#world.at(this.#world.now + back, () => {
          if (from.starts === life && from.isUp) this.#output.handleDialFailed(from, dial)
        })
        return
      }
      this.#open({ host: from, life }, host, { dial, back, random })
    })
  }

  #open(
    dialler: { readonly host: Host; readonly life: number },
    host: Host,
    { dial, back, random }: { readonly dial: number; readonly back: Millis; readonly random: RandomSource },
  ): void {
    const near: End = { ...dialler, channel: this.#nextChannel++, isOpen: true, isLost: false }
    const far: End = { host, life: host.starts, channel: this.#nextChannel++, isOpen: true, isLost: false }
    this.#pipes.set(near.channel, newPipe(near, far, random))
    this.#pipes.set(far.channel, newPipe(far, near, random))
    const port = FIRST_EPHEMERAL_PORT + (far.channel % 20_000)
    this.#output.handleOpened(host, {
      channel: far.channel,
      remote: { host: dialler.host.attachment.host, port },
    })
    // Nothing overtakes the opening.
    const pipe = this.#pipes.get(far.channel)
    if (pipe !== undefined) pipe.lastAt = this.#world.now + back
    this.#world.at(this.#world.now + back, () => {
      if (!near.isOpen || !isAlive(near)) return
      this.#output.handleOpened(near.host, { channel: near.channel, remote: host.endpoint, dial })
    })
  }

  send(channel: number, frame: Frame): void {
    const pipe = this.#pipes.get(channel)
    if (pipe?.from.isOpen === true) this.#push(pipe, { kind: 'frame', frame })
  }

  /** What was sent before it still arrives. */
  close(channel: number, reason: string): void {
    const pipe = this.#pipes.get(channel)
    if (pipe?.from.isOpen !== true) return
    pipe.from.isOpen = false
    this.#push(pipe, { kind: 'end', reason })
  }

  /** The process is gone, or the whole machine. */
  handleStop(host: Host, how: 'process' | 'power'): void {
    if (how === 'power') this.#dark.add(host)
    for (const pipe of [...this.#pipes.values()]) {
      if (pipe.from.host !== host || !pipe.from.isOpen) continue
      pipe.from.isOpen = false
      // What the process had handed over is under way, or goes down with it.
      if (how === 'power' || randomFraction(pipe.random) < 0.5) pipe.queue.length = 0
      if (how === 'process') this.#push(pipe, { kind: 'end', reason: 'reset' })
    }
  }

  handleStart(host: Host): void {
    this.#dark.delete(host)
  }

  /** Every connection between the two breaks, and both see it. */
  cut(a: Host, b: Host): void {
    for (const pipe of [...this.#pipes.values()]) {
      if (pipe.from.host !== a || pipe.to.host !== b) continue
      const back = this.#pipes.get(pipe.to.channel)
      for (const each of [pipe, back]) {
        if (each === undefined) continue
        each.queue.length = 0
        this.#push(each, { kind: 'end', reason: 'cut' })
      }
    }
  }

  #push(pipe: Pipe, piece: Piece): void {
    const { now, network } = this.#world
    let at = now + this.#delay(pipe.from.host, pipe.to.host, pipe.random)
    while (randomFraction(pipe.random) < network.conditions.loss) at += RETRANSMISSION
    pipe.lastAt = Math.max(at, pipe.lastAt)
    pipe.queue.push({ at: pipe.lastAt, piece })
    this.#plan(pipe, pipe.lastAt)
  }

  #plan(pipe: Pipe, at: Millis): void {
    if (pipe.isPumping) return
    pipe.isPumping = true
    this.#world.at(at, () => {
      pipe.isPumping = false
      this.#pump(pipe)
    })
  }

  #pump(pipe: Pipe): void {
    const { now } = this.#world
    if (this.#isParted(pipe.from.host, pipe.to.host) || this.#dark.has(pipe.to.host)) {
      this.#stall(pipe, now)
      return
    }
    pipe.stalledSince = undefined
    if (!isAlive(pipe.to) || pipe.to.isLost) {
      this.#reset(pipe)
      return
    }
    for (let next = pipe.queue[0]; next !== undefined && next.at <= now; next = pipe.queue[0]) {
      pipe.queue.shift()
      if (!pipe.to.isOpen) {
        if (next.piece.kind === 'end') this.#forget(pipe)
        continue
      }
      if (next.piece.kind === 'frame') this.#output.handleFrame(pipe.to.host, pipe.to.channel, next.piece.frame)
      else this.#closeAt(pipe, next.piece.reason)
    }
    const next = pipe.queue[0]
    if (next !== undefined) this.#plan(pipe, next.at)
  }

  #stall(pipe: Pipe, now: Millis): void {
    pipe.stalledSince ??= now
    if (now - pipe.stalledSince < PATIENCE) {
      this.#plan(pipe, now + PROBE)
      return
    }
    pipe.queue.length = 0
    if (pipe.from.isOpen && isAlive(pipe.from)) {
      pipe.from.isOpen = false
      pipe.from.isLost = true
      this.#output.handleClosed(pipe.from.host, pipe.from.channel, 'timed out')
    }
  }

  /** Nobody is there any more for what came. */
  #reset(pipe: Pipe): void {
    pipe.queue.length = 0
    const { from, random } = pipe
    this.#world.at(this.#world.now + this.#delay(from.host, pipe.to.host, random), () => {
      if (!from.isOpen || !isAlive(from)) return
      from.isOpen = false
      this.#forget(pipe)
      this.#output.handleClosed(from.host, from.channel, 'reset')
    })
  }

  #closeAt(pipe: Pipe, reason: string): void {
    pipe.to.isOpen = false
    pipe.queue.length = 0
    this.#forget(pipe)
    this.#output.handleClosed(pipe.to.host, pipe.to.channel, reason)
  }

  #forget(pipe: Pipe): void {
    this.#pipes.delete(pipe.from.channel)
    if (!pipe.from.isOpen) this.#pipes.delete(pipe.to.channel)
  }

  #isParted(a: Host, b: Host): boolean {
    return a.attachment.side !== b.attachment.side
  }

  /** Whole milliseconds, as clocks of programs have them. */
  #delay(a: Host, b: Host, random: RandomSource): Millis {
    return Math.ceil(delayOf(a.attachment, b.attachment, random) * this.#world.network.conditions.slowness)
  }
}

function newPipe(from: End, to: End, random: RandomSource): Pipe {
  assert(from.channel !== to.channel, 'the ends of a connection have a channel each')
  return { from, to, random, queue: [], lastAt: 0, isPumping: false, stalledSince: undefined }
}

function isAlive({ host, life }: End): boolean {
  return host.isUp && host.starts === life
}
