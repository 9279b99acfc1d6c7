/**
 * A world of hosts on one virtual clock, repeatable to the last datagram: all time and all randomness come from here, and the
 * world itself is a machine without IO, which is told how far to run. The same seed and the same calls give the same event hash.
 */

import { assert, type Millis, type RandomSource, randomBelow } from '@shoal/base'
import { AddressPlan } from '../network/addresses.ts'
import { Attachment } from '../network/attachment.ts'
import { Nat, type NatKind } from '../network/nat.ts'
import { type Datagram, type DropReason, Network, type NetworkConditions, ORDINARY } from '../network/network.ts'
import { REGION_SHARES, REGIONS, type Region } from '../network/regions.ts'
import { weighted } from '../random/distributions.ts'
import { LabelledRandom } from '../random/labelled-random.ts'
import { HostClock } from './clock.ts'
import { EventHash } from './event-hash.ts'
import { EventQueue } from './event-queue.ts'
import { Host } from './host.ts'
import type { Machine, Program } from './machine.ts'
import type { Fate, Observer } from './observer.ts'

export interface WorldInit {
  readonly seed: number
  readonly network?: Partial<NetworkConditions>
}

export interface HostInit<M extends Machine> {
  readonly program: Program<M>
  /** Names are the labels of random streams: a host of the same name draws the same numbers in every world of a seed. */
  readonly name?: string
  readonly region?: Region
  /** Its public address; drawn from its region where it is not given. */
  readonly address?: string
  readonly port?: number
  readonly nat?: NatKind
  /** How far its clock is off; drawn where it is not given. */
  readonly clockOffset?: Millis
}

/** Kinds of events. */
const ARRIVAL = 0
const HANDOVER = 1
const WAKE = 2
const CALL = 3
/** What a fate is in the hash; events have the numbers below. */
const FATES: readonly Fate[] = ['start', 'stop', 'freeze', 'thaw', 'move', 'clock', 'lose-state']
const FIRST_FATE = 16

/** A socket with a common buffer holds about so many small datagrams. */
const SOCKET_BUFFER_DATAGRAMS = 256
/** Clocks show anything: machines have no common epoch. Whole milliseconds. */
const CLOCK_OFFSET_MAX_MS = 1_000_000_000

export class World {
  readonly seed: number
  readonly network: Network
  readonly hosts: Host[] = []
  readonly #queue = new EventQueue()
  readonly #hash = new EventHash()
  readonly #addresses: AddressPlan
  readonly #observers: Observer[] = []
  #now: Millis = 0

  constructor({ seed, network = {} }: WorldInit) {
    this.seed = seed
    this.#addresses = new AddressPlan(this.random('addresses'))
    this.network = new Network(
      this.random('network'),
      { ...ORDINARY, ...network },
      {
        deliver: (at, to, datagram) => this.#queue.add(at, ARRIVAL, to.index, datagram),
        drop: (now, why) => this.#dropped(now, why),
      },
    )
  }

  get now(): Millis {
    return this.#now
  }

  /** Of all that has happened so far. */
  get hash(): string {
    return this.#hash.digest
  }

  /** How many events went into the hash. */
  get events(): number {
    return this.#hash.events
  }

  /** A stream of randomness for one purpose; the same name gives the same stream, from its beginning. */
  random(purpose: string): RandomSource {
    return new LabelledRandom(this.seed, purpose)
  }

  observe(observer: Observer): void {
    this.#observers.push(observer)
  }

  /** Builds a computer. Nothing runs on it before `start`. */
  addHost<M extends Machine>(init: HostInit<M>): Host<M> {
    const index = this.hosts.length
    const name = init.name ?? `host-${index}`
    const random = this.random(`host ${name}`)
    const drawnRegion = weighted(REGION_SHARES, random)
    const drawnOffset = randomBelow(random, CLOCK_OFFSET_MAX_MS)
    const region = init.region === undefined ? drawnRegion : REGIONS.indexOf(init.region)
    const { nat: kind = 'none', clockOffset = drawnOffset, port = 6_881 } = init
    const address = init.address ?? this.#addresses.take(region)
    if (init.address !== undefined) assert(this.#addresses.takeExactly(address), `${address} is taken, or nobody's`)
    const nat = kind === 'none' ? undefined : new Nat(kind, this.random(`nat ${name}`))
    const attachment = new Attachment({ index, region, nat, host: address, port })
    const host = new Host({ name, program: init.program, attachment, clock: new HostClock(clockOffset) })
    this.network.attach(attachment)
    this.hosts.push(host)
    return host
  }

  start<M extends Machine>(host: Host<M>): void {
    if (host.isUp) return
    const { program, name, saved, clock, attachment } = host
    const now = clock.shows(this.#now)
    const random = this.random(`machine ${name} ${host.starts++}`)
    const machine = program.create({ now, bound: attachment.bound, random, saved })
    host.machine = machine
    host.state = 'running'
    this.#tellFate(host, 'start')
    program.handleStart?.(machine, now)
    this.#drain(host)
  }

  /** In good order it saves its state; a crash leaves what was saved before. */
  stop<M extends Machine>(host: Host<M>, how: 'orderly' | 'crash' = 'orderly'): void {
    const { machine } = host
    if (machine === undefined) return
    if (how === 'orderly' && host.program.save !== undefined) {
      host.saved = host.program.save(machine, host.clock.shows(this.#now))
    }
    host.state = 'down'
    host.machine = undefined
    this.#plan(host)
    host.waiting.length = 0
    this.#tellFate(host, 'stop')
  }

  freeze(host: Host): void {
    if (host.state !== 'running') return
    host.state = 'frozen'
    this.#tellFate(host, 'freeze')
  }

  /** What waits in the socket is read before any timer fires, as a driver does. */
  thaw(host: Host): void {
    if (host.state !== 'frozen') return
    host.state = 'running'
    this.#tellFate(host, 'thaw')
    for (const datagram of host.waiting.splice(0)) this.#handOver(host, datagram)
    this.#plan(host)
  }

  loseState(host: Host): void {
    host.saved = undefined
    this.#tellFate(host, 'lose-state')
  }

  /** Its provider gives it another address, drawn from its region where none is given. */
  move(host: Host, address: string = this.#addresses.take(host.attachment.region)): void {
    this.network.move(host.attachment, address)
    this.#tellFate(host, 'move')
  }

  /** Somebody sets its clock, forward or back. */
  jumpClock(host: Host, by: Millis): void {
    host.clock.jump(by)
    this.#tellFate(host, 'clock')
    this.#plan(host, true)
  }

  /** Hosts with different numbers no longer hear each other. */
  partition(sideOf: (host: Host) => number): void {
    for (const host of this.hosts) host.attachment.side = sideOf(host)
  }

  heal(): void {
    for (const host of this.hosts) host.attachment.side = 0
  }

  /** Gives a machine an input, by its host's clock, and carries away what comes of it. Nothing where the host is not running. */
  run<M extends Machine, T>(host: Host<M>, input: (machine: M, now: Millis) => T): T | undefined {
    if (host.machine === undefined || host.state !== 'running') return undefined
    const result = input(host.machine, host.clock.shows(this.#now))
    this.#drain(host)
    return result
  }

  /** Has something done later; at once where `at` is past. */
  at(at: Millis, call: () => void): void {
    this.#queue.add(Math.max(at, this.#now), CALL, 0, call)
  }

  advance(ms: Millis): void {
    this.runUntil(this.#now + ms, () => false)
  }

  /** Lets time pass until the condition holds; false where it does not by `end`. */
  runUntil(end: Millis, condition: () => boolean): boolean {
    const queue = this.#queue
    while (queue.nextAt <= end) {
      this.#now = Math.max(this.#now, queue.nextAt)
      this.#handle(queue.take())
      if (condition()) return true
    }
    this.#now = Math.max(this.#now, end)
    return condition()
  }

  #handle(slot: number): void {
    const queue = this.#queue
    const kind = queue.kindOf(slot)
    const host = queue.hostOf(slot)
    const what = queue.whatOf(slot)
    queue.release(slot)
    switch (kind) {
      case ARRIVAL:
        this.#arrive(this.hosts[host] as Host, what as Datagram)
        break
      case HANDOVER:
        this.#handOver(this.hosts[host] as Host, what as Datagram)
        break
      case WAKE:
        this.#wake(this.hosts[host] as Host)
        break
      default:
        ;(what as () => void)()
    }
  }

  #arrive(host: Host, datagram: Datagram): void {
    const at = this.network.arrive(this.#now, host.attachment, datagram)
    if (at === undefined) return
    if (at <= this.#now) this.#handOver(host, datagram)
    else this.#queue.add(at, HANDOVER, host.index, datagram)
  }

  #handOver(host: Host, datagram: Datagram): void {
    const { machine } = host
    if (machine === undefined) {
      this.#dropped(this.#now, 'down')
      return
    }
    if (host.state === 'frozen') {
      if (host.waiting.length >= SOCKET_BUFFER_DATAGRAMS) this.#dropped(this.#now, 'buffer-full')
      else host.waiting.push(datagram)
      return
    }
    const { from, bytes } = datagram
    this.#hash.add(this.#now, ARRIVAL, host.index, bytes)
    for (const observer of this.#observers) observer.handleDelivered?.(this.#now, host, from, bytes)
    machine.handleDatagram(host.clock.shows(this.#now), from, bytes)
    this.#drain(host)
  }

  #wake(host: Host): void {
    host.wake = undefined
    const { machine, wakeLocal } = host
    if (machine === undefined || host.state !== 'running' || wakeLocal === undefined) return
    this.#hash.add(this.#now, WAKE, host.index)
    // Rounding between two clocks must not make it a moment too early.
    machine.handleTimeout(Math.max(host.clock.shows(this.#now), wakeLocal))
    this.#drain(host)
  }

  #drain(host: Host): void {
    const { machine, program, clock } = host
    if (machine === undefined) return
    let isBusy = true
    while (isBusy) {
      isBusy = false
      for (let t = machine.pollTransmit(); t !== undefined; t = machine.pollTransmit()) this.#send(host, t)
      for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
        isBusy = true
        for (const observer of this.#observers) observer.handleEvent?.(this.#now, host, event)
        program.handleEvent?.(machine, clock.shows(this.#now), event)
      }
    }
    for (const observer of this.#observers) observer.handleStep?.(this.#now, host)
    this.#plan(host)
  }

  #send(host: Host, { to, bytes }: { readonly to: Datagram['from']; readonly bytes: Uint8Array }): void {
    for (const observer of this.#observers) observer.handleSent?.(this.#now, host, to, bytes)
    this.network.send(this.#now, host.attachment, to, bytes)
  }

  /** Its wake-up is moved in the queue, so that no host wakes for nothing. */
  #plan(host: Host, isClockSet = false): void {
    const local = host.machine?.pollTimeout()
    if (local === undefined) {
      if (host.wake !== undefined) this.#queue.remove(host.wake)
      host.wake = undefined
      return
    }
    if (local === host.wakeLocal && host.wake !== undefined && !isClockSet) return
    host.wakeLocal = local
    const at = Math.max(host.clock.worldTime(local), this.#now)
    if (host.wake === undefined) host.wake = this.#queue.add(at, WAKE, host.index)
    else this.#queue.move(host.wake, at)
  }

  #dropped(now: Millis, why: DropReason): void {
    if (why === 'down' || why === 'buffer-full') this.network.counters.dropped[why]++
    for (const observer of this.#observers) observer.handleDropped?.(now, why)
  }

  #tellFate(host: Host, fate: Fate): void {
    this.#hash.add(this.#now, FIRST_FATE + FATES.indexOf(fate), host.index)
    for (const observer of this.#observers) observer.handleFate?.(this.#now, host, fate)
  }
}
