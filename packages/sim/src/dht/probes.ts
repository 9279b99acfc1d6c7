/**
 * What users would notice: again and again a random node announces something of its own, and a minute later another looks it up. How
 * long the first peer took, how long the whole, what it cost, and whether the announced peer was among what was found.
 */

import type { Millis, RandomSource } from '@shoal/base'
import { SECOND } from '@shoal/base'
import type { LookupRecord } from './dht-node.ts'
import type { DhtHost, DhtWorld } from './dht-world.ts'

/** Between the end of an announcement and the lookup. */
const PAUSE_MS: Millis = 60 * SECOND
/** For what is done before an announcement or a lookup. */
const PREPARATION_MS: Millis = 10 * SECOND
const PORT = 9_000

export interface ProbeResult {
  /** When the lookup began, by the world's clock. */
  readonly at: Millis
  readonly found: boolean
  /** From the start of the lookup; `undefined` where no peer came at all. */
  readonly firstPeerMs: Millis | undefined
  readonly doneMs: Millis
  /** Queries of the lookup; answers come on top. */
  readonly queries: number
  readonly timedOut: number
  /** Queries that were not answered within the usual time: most of them to nodes that are gone. */
  readonly stalled: number
  /** Nodes that took the announcement. */
  readonly announcedTo: number
}

export interface ProbesInit {
  readonly dht: DhtWorld
  readonly announcer: (random: RandomSource) => DhtHost | undefined
  /** Who looks up; where it returns a host that is down, that host is started for it, cold or warm as its disk has it. */
  readonly looker: (random: RandomSource, announcer: DhtHost) => DhtHost | undefined
  /** Tells one set of probes from another in the same world. */
  readonly label?: string
  /** What is announced; something new each time where it is not given. */
  readonly nameOf?: () => string
  /** Called for each host a while before it announces or looks up. */
  readonly before?: (host: DhtHost) => void
}

export class Probes {
  /** BOUNDED: by the probes that were begun. */
  readonly results: ProbeResult[] = []
  /** Those whose announcer or looker went away in between say nothing. */
  abandoned = 0
  /** Announcements that nobody took. */
  failedAnnounces = 0
  begun = 0
  readonly #init: ProbesInit
  readonly #random: RandomSource
  readonly #label: string
  /** Peers that were told though they did not announce this. BOUNDED: by the probes that were begun. */
  readonly strangers: string[] = []

  constructor(init: ProbesInit) {
    this.#init = init
    this.#label = init.label ?? 'probes'
    this.#random = init.dht.world.random(this.#label)
  }

  /** Begins so many, spread evenly over this time from now on. */
  schedule(count: number, over: Millis): void {
    const { world } = this.#init.dht
    const from = world.now
    // One call at a time, so that the queue does not hold them all.
    const begin = (i: number): void => {
      this.#announce()
      if (i + 1 < count) world.at(from + (over * (i + 1)) / count, () => begin(i + 1))
    }
    if (count > 0) world.at(from, () => begin(0))
  }

  #announce(): void {
    const { dht } = this.#init
    const { world } = dht
    const announcer = this.#init.announcer(this.#random)
    if (announcer === undefined) return
    const serial = this.begun++
    const name = this.#init.nameOf?.() ?? `${this.#label} ${serial}`
    const { before } = this.#init
    if (before === undefined) {
      this.#announceBy(announcer, name)
      return
    }
    before(announcer)
    world.at(world.now + PREPARATION_MS, () => this.#announceBy(announcer, name))
  }

  #announceBy(announcer: DhtHost, name: string): void {
    const { dht } = this.#init
    const { world } = dht
    const target = dht.infoHash(name)
    const onDone = ({ announcedTo }: LookupRecord): void => {
      if (announcedTo === 0) this.failedAnnounces++
      else world.at(world.now + PAUSE_MS, () => this.#lookup(name, announcer, announcedTo))
    }
    const announce = { port: PORT, isPortImplied: false }
    world.run(announcer, (node, now) => node.lookup(now, target, { announce, onDone }))
  }

  #lookup(name: string, announcer: DhtHost, announcedTo: number): void {
    const { dht, looker } = this.#init
    const { world } = dht
    const host = looker(this.#random, announcer)
    if (host === undefined || !announcer.isUp) {
      this.abandoned++
      return
    }
    const peer = `${announcer.attachment.host}:${PORT}`
    world.start(host)
    const { before } = this.#init
    if (before === undefined) {
      this.#lookupBy(host, { name, peer, announcedTo })
      return
    }
    before(host)
    world.at(world.now + PREPARATION_MS, () => this.#lookupBy(host, { name, peer, announcedTo }))
  }

  #lookupBy(host: DhtHost, { name, peer, announcedTo }: { name: string; peer: string; announcedTo: number }): void {
    const { dht } = this.#init
    const { world } = dht
    const at = world.now
    const onDone = ({ startedAt, firstPeerAt, doneAt = startedAt, peers, summary }: LookupRecord): void => {
      this.results.push({
        at,
        found: peers.has(peer),
        firstPeerMs: firstPeerAt === undefined ? undefined : firstPeerAt - startedAt,
        doneMs: doneAt - startedAt,
        queries: summary?.queried ?? 0,
        timedOut: summary?.timedOut ?? 0,
        stalled: summary?.stalled ?? 0,
        announcedTo,
      })
      if (this.#init.nameOf === undefined) for (const told of peers.keys()) if (told !== peer) this.strangers.push(told)
    }
    world.run(host, (node, now) => node.lookup(now, dht.infoHash(name), { onDone }))
  }
}
