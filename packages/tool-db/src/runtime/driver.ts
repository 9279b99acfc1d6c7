/**
 * Runs the node's machine: hands it inputs with the time, carries out its effects, wakes it when it asks to be woken. All
 * waiting is here.
 */

import type { Clock, Millis } from '@shoal/base'
import type { AskedEffect, Effect, EffectResult, SwarmEffect } from '../core/node/effects.ts'
import type { NodeEvent } from '../core/node/events.ts'
import type { DatabaseNode } from '../core/node/node.ts'
import type { Channel, ChannelEvents } from '../network/channel.ts'
import { Backlog } from './backlog.ts'
import type { Dialler } from './dialler.ts'
import { PacedChannel, type PaceLimits } from './paced-channel.ts'

export interface DriverInit {
  readonly node: DatabaseNode
  readonly clock: Clock
  readonly dialler: Dialler
  readonly limits: PaceLimits & { readonly backlogSizeMax: number }
  /** Every effect with a result but `dial`: at once, or as a promise. What is thrown or rejected is a failed result. */
  run(effect: Exclude<AskedEffect, { kind: 'dial' }>): unknown
  onEvent(event: NodeEvent): void
  tellSwarm(effect: SwarmEffect): void
}

/** Longer waits than this overflow the timer. */
const TIMER_MAX: Millis = 2_000_000_000

/** For effects that are under way. */
const CLOSE_TIME: Millis = 3_000

export class Driver {
  readonly node: DatabaseNode
  readonly #init: DriverInit
  /** BOUNDED: by the network's connectionsMax and the node's sessionsMax. */
  readonly #channels = new Map<number, PacedChannel>()
  readonly #backlog: Backlog<number>
  /** Effects under way, for `close` to wait for. */
  #running = 0
  #onIdle: (() => void) | undefined
  #nextChannel = 1
  #timer: NodeJS.Timeout | undefined
  #timerAt: Millis | undefined
  #isDraining = false
  #isClosed = false

  constructor(init: DriverInit) {
    this.node = init.node
    this.#init = init
    this.#backlog = new Backlog({ sizeMax: init.limits.backlogSizeMax })
  }

  get now(): Millis {
    return this.#init.clock.now()
  }

  /** For the network: channels that it was not asked for, most of them inbound. */
  readonly onChannel = (channel: Channel): ChannelEvents => {
    const { remote, direction, isTextOnly } = channel
    return this.#open(channel, (id) => this.node.handleOpened(this.now, { channel: id, remote, direction, isTextOnly }))
  }

  /** Any input of the node: it is handled, then everything that follows from it is carried out. */
  input<T>(handle: (node: DatabaseNode, now: Millis) => T): T {
    const result = handle(this.node, this.now)
    this.#drain()
    return result
  }

  /** Says goodbye, and resolves when no effect is under way any more, or hangs. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.input((node, now) => node.close(now))
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#init.dialler.cancelAll()
    if (this.#running === 0) return
    // What never comes back must not keep the process.
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve
      timer = setTimeout(resolve, CLOSE_TIME)
    })
    clearTimeout(timer)
  }

  #drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    try {
      for (;;) {
        const effects = this.node.takeEffects()
        const events = this.node.takeEvents()
        if (effects.length === 0 && events.length === 0) break
        for (const effect of effects) this.#carryOut(effect)
        for (const event of events) this.#init.onEvent(event)
      }
    } finally {
      this.#isDraining = false
    }
    this.#setTimer()
  }

  #carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.channel, effect.text)
        return
      case 'secure':
        this.#channels.get(effect.channel)?.secure(effect.keys)
        return
      case 'batch':
        this.#channels.get(effect.channel)?.join()
        return
      case 'close':
        this.#remove(effect.channel)?.close(effect.code, effect.reason)
        return
      case 'cancel-dial':
        this.#init.dialler.cancel(effect.dial)
        return
      case 'report':
      case 'roster':
      case 'announce':
        this.#init.tellSwarm(effect)
        return
      case 'dial':
        this.#dial(effect)
        return
      default:
        this.#ask(effect)
    }
  }

  #send(id: number, text: string): void {
    const channel = this.#channels.get(id)
    if (channel === undefined) return
    if (!channel.send(text)) {
      this.#giveUp(id)
      return
    }
    for (const lagging of this.#backlog.note(this.now, id, channel)) this.#giveUp(lagging)
  }

  #giveUp(id: number): void {
    // A peer that does not read: what it misses it can ask for again, what waits for it costs everybody.
    this.#remove(id)?.close(1013, 'too slow')
    queueMicrotask(() => this.input((node, now) => node.handleStalled(now, id)))
  }

  #remove(id: number): Channel | undefined {
    const paced = this.#channels.get(id)
    paced?.stop()
    this.#channels.delete(id)
    this.#backlog.remove(id)
    return paced?.channel
  }

  #dial(effect: AskedEffect & { kind: 'dial' }): void {
    if (this.#isClosed) return
    const { id } = effect
    const events = (channel: Channel): ChannelEvents =>
      this.#open(channel, (channelId) =>
        this.node.handleOpened(this.now, {
          channel: channelId,
          remote: channel.remote,
          direction: 'outbound',
          isTextOnly: channel.isTextOnly,
          dial: id,
        }),
      )
    this.#running++
    void this.#init.dialler.dial(id, effect, events).then(
      () => this.#ended(),
      (error: unknown) => this.#settleLast(id, { ok: false, error }),
    )
  }

  #ask(effect: Exclude<AskedEffect, { kind: 'dial' }>): void {
    const { id } = effect
    let answer: unknown
    try {
      answer = this.#init.run(effect)
    } catch (error) {
      this.#settle(id, { ok: false, error })
      return
    }
    if (!isPromise(answer)) {
      this.#settle(id, { ok: true, value: answer })
      return
    }
    this.#running++
    void answer.then(
      (value) => this.#settleLast(id, { ok: true, value }),
      (error: unknown) => this.#settleLast(id, { ok: false, error }),
    )
  }

  #settle(id: number, result: EffectResult<unknown>): void {
    this.node.handleResult(this.now, id, result)
    this.#drain()
  }

  /** Of an effect that was under way: it is over once what follows from it has begun. */
  #settleLast(id: number, result: EffectResult<unknown>): void {
    try {
      this.#settle(id, result)
    } finally {
      this.#ended()
    }
  }

  #ended(): void {
    if (--this.#running === 0) this.#onIdle?.()
  }

  #open(channel: Channel, tell: (id: number) => void): ChannelEvents {
    const id = this.#nextChannel++
    const { limits } = this.#init
    const paced = new PacedChannel({ channel, limits, now: () => this.now, onStalled: () => this.#giveUp(id) })
    this.#channels.set(id, paced)
    tell(id)
    this.#drain()
    return {
      onMessage: (message) => {
        const channel = this.#channels.get(id)
        if (channel === undefined) return
        const said = channel.open(message)
        if (said === undefined) this.input((node, now) => node.handleBroken(now, id))
        else this.#hear(id, said)
      },
      onClose: (reason) => {
        this.#remove(id)
        this.input((node, now) => node.handleClosed(now, id, reason))
      },
    }
  }

  #hear(id: number, messages: readonly (string | Uint8Array)[]): void {
    for (const message of messages) {
      if (!this.#channels.has(id)) return
      this.node.handleMessage(this.now, id, message)
      this.#drain()
    }
  }

  #setTimer(): void {
    const at = this.node.pollTimeout()
    if (at === this.#timerAt || this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    if (at === undefined) return
    this.#timer = setTimeout(
      () => {
        this.#timerAt = undefined
        this.input((node, now) => node.handleTimeout(now))
      },
      Math.min(Math.max(at - this.now, 0), TIMER_MAX),
    )
  }
}

function isPromise(answer: unknown): answer is PromiseLike<unknown> {
  return typeof answer === 'object' && answer !== null && typeof (answer as PromiseLike<unknown>).then === 'function'
}
