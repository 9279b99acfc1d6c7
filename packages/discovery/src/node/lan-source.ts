/**
 * The local network as a source: asks and tells by multicast DNS, where no server and no internet is needed. It asks when a
 * topic is joined and then rarely, hears what others tell meanwhile, and says goodbye when we leave.
 */

import { randomBytes } from 'node:crypto'
import { type Millis, SECOND, ShoalError, toHex } from '@shoal/base'
import type { AnnouncedPort } from '../core/topic-member.ts'
import { monotonicNow } from './alarm.ts'
import { isOnLink, type LanInterface, lanInterfaces } from './lan-interfaces.ts'
import { LanLink, MDNS_PORT } from './lan-link.ts'
import { answerPacket, type HeardPlace, type Packet, questionPacket, readPacket } from './lan-records.ts'
import type { AnnounceResult, LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

export interface LanOptions {
  /** Names of interfaces to use, such as `eth0`; all that take multicast without it. */
  readonly interfaces?: readonly string[]
  /** UDP port, 5353 where others are to be met. */
  readonly port?: number
}

export interface LanSourceInit extends LanOptions {
  readonly onWarning: (sentence: string) => void
}

/** Neighbours answer within a millisecond or two, a sleeping wireless one within some hundred. */
const LISTEN_MS: Millis = 500
/** Answers about one topic in a second, whoever asks (RFC 6762, 6 wants few). */
const ANSWERS_MAX = 4
/** A program of dns-discovery asks when it comes, but doesn't tell: we ask back, this often at most. */
const ASK_BACK_MS: Millis = 5 * SECOND

interface LanTopic {
  /** As it is called on the link now. */
  names(): readonly string[]
  readonly sink: SourceSink
  /** UNBOUNDED: one a port that our own user announces. */
  readonly ports: Set<number>
  found: number
  askedBackAt: Millis
  windowFrom: Millis
  answers: number
}

export class LanSource implements Source {
  readonly kind = 'lan'
  readonly #init: LanSourceInit
  readonly #instance = randomBytes(8).toString('hex')
  /** UNBOUNDED: one a topic that our own user has joined. */
  readonly #topics = new Set<LanTopic>()
  /** By interface and family. BOUNDED: by the interfaces that are looked at. */
  readonly #links = new Map<string, LanLink>()
  #opening: Promise<unknown> = Promise.resolve()
  #lastFault: string | undefined
  #isWarned = false
  #isClosed = false

  constructor(init: LanSourceInit) {
    this.#init = init
  }

  attach({ infoHashes }: SourceTopic, sink: SourceSink): SourceHandle {
    const start = Number.NEGATIVE_INFINITY
    const topic: LanTopic = {
      names: () => infoHashes().map(toHex),
      sink,
      ports: new Set(),
      found: 0,
      askedBackAt: start,
      windowFrom: start,
      answers: 0,
    }
    this.#topics.add(topic)
    return {
      lookup: (signal) => this.#lookup(topic, signal),
      announce: (port) => this.#announce(topic, port),
      withdraw: (port) => this.#withdraw(topic, port),
      detach: () => this.#detach(topic),
    }
  }

  /** A neighbour sees no more of us than we do. */
  externalHosts(): readonly string[] {
    return []
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opening
    await Promise.all([...this.#links.values()].map((link) => link.close()))
    this.#links.clear()
  }

  async #lookup(topic: LanTopic, signal: AbortSignal): Promise<LookupResult> {
    const before = topic.found
    await Promise.all(topic.names().map((name) => this.#sendAll(() => questionPacket(name))))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LISTEN_MS)
      const end = (): void => {
        clearTimeout(timer)
        resolve()
      }
      if (signal.aborted) end()
      else signal.addEventListener('abort', end, { once: true })
    })
    return { answered: topic.found > before }
  }

  async #announce(topic: LanTopic, { port, impliedPort }: AnnouncedPort): Promise<AnnounceResult> {
    // The port that a DHT node would see is none that anybody here could.
    if (impliedPort) return { nodes: 1 }
    topic.ports.add(port)
    const sent = topic.names().map((name) => this.#sendAll((link) => this.#answer({ name, port }, link)))
    return { nodes: Math.min(...(await Promise.all(sent))) }
  }

  async #withdraw(topic: LanTopic, { port }: AnnouncedPort): Promise<void> {
    if (!topic.ports.delete(port)) return
    await Promise.allSettled(
      [...this.#links.values()].flatMap((each) =>
        topic.names().map((name) => each.send(answerPacket(this.#service({ name, port }, each.link), true))),
      ),
    )
  }

  #detach(topic: LanTopic): void {
    this.#topics.delete(topic)
  }

  /** On every link, as they are now; gives on how many it went out, and throws where there is none. */
  async #sendAll(packetFor: (link: LanInterface) => Packet): Promise<number> {
    this.#opening = this.#opening.then(() => this.#openLinks())
    await this.#opening
    const sent = await Promise.allSettled([...this.#links.values()].map((each) => each.send(packetFor(each.link))))
    const count = sent.filter(({ status }) => status === 'fulfilled').length
    if (count > 0 || this.#isClosed) return count
    const why = this.#lastFault === undefined ? 'there is none' : this.#lastFault
    const sentence = `no network interface takes multicast, so nobody is looked for on the local network: ${why}`
    if (!this.#isWarned) this.#init.onWarning(sentence)
    this.#isWarned = true
    throw new ShoalError('SHOAL_NO_LAN', sentence)
  }

  /** Interfaces come and go; whenever something is to be sent is soon enough to see. */
  async #openLinks(): Promise<void> {
    const found = new Map(lanInterfaces(this.#init.interfaces).map((link) => [keyOf(link), link]))
    for (const [key, link] of this.#links) {
      if (found.get(key)?.address === link.link.address) continue
      this.#links.delete(key)
      await link.close()
    }
    for (const [key, link] of found) {
      if (this.#links.has(key) || this.#isClosed) continue
      try {
        const opened: LanLink = await LanLink.open({
          link,
          port: this.#init.port ?? MDNS_PORT,
          onPacket: (packet, sender) => this.#hear(packet, sender, opened),
          onBroken: (error) => this.#lose(key, error),
        })
        this.#links.set(key, opened)
      } catch (error) {
        this.#lose(key, error)
      }
    }
  }

  #lose(key: string, error: unknown): void {
    this.#links.delete(key)
    this.#lastFault = `${key}: ${error instanceof Error ? error.message : String(error)}`
  }

  #hear(packet: Packet, sender: string, on: LanLink): void {
    if (this.#isClosed) return
    const { questions, places } = readPacket(packet, this.#instance)
    for (const { topic: name, isCompat } of questions) {
      const topic = this.#topicOf(name)
      if (topic === undefined) continue
      if (this.#mayAnswer(topic)) {
        for (const port of topic.ports) on.send(this.#answer({ name, port }, on.link)).catch(() => {})
      }
      if (isCompat && monotonicNow() - topic.askedBackAt >= ASK_BACK_MS) {
        topic.askedBackAt = monotonicNow()
        on.send(questionPacket(name)).catch(() => {})
      }
    }
    for (const place of places) this.#sight(place, sender, on.link)
  }

  #mayAnswer(topic: LanTopic): boolean {
    const now = monotonicNow()
    if (now - topic.windowFrom >= SECOND) {
      topic.windowFrom = now
      topic.answers = 0
    }
    topic.answers += 1
    return topic.answers <= ANSWERS_MAX
  }

  /** Only places on the very link that we heard it on: nobody there can point us anywhere else. */
  #sight({ topic: name, port, hosts, isSender }: HeardPlace, sender: string, link: LanInterface): void {
    const topic = this.#topicOf(name)
    if (topic === undefined) return
    for (const host of new Set([...(isSender ? [sender] : []), ...hosts])) {
      if (!isOnLink(link, host) || (topic.ports.has(port) && link.addresses.includes(host))) continue
      topic.found += 1
      topic.sink.sight({ host, port })
    }
  }

  #topicOf(name: string): LanTopic | undefined {
    for (const topic of this.#topics) if (topic.names().includes(name)) return topic
    return undefined
  }

  #answer(about: { name: string; port: number }, link: LanInterface): Packet {
    return answerPacket(this.#service(about, link))
  }

  #service(
    { name, port }: { name: string; port: number },
    { addresses }: LanInterface,
  ): Parameters<typeof answerPacket>[0] {
    const ipv4 = addresses.filter((address) => !address.includes(':'))
    const ipv6 = addresses.filter((address) => address.includes(':'))
    return { topic: name, port, instance: this.#instance, ipv4, ipv6 }
  }
}

function keyOf({ name, family }: LanInterface): string {
  return `${name} (${family === 'ipv6' ? 'IPv6' : 'IPv4'})`
}
