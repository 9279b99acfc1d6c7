/**
 * One link of one family: a socket of its own, so that what is sent leaves there and what comes is known to have come from
 * there. multicast-dns writes and reads the packets; before it sees one, we have looked at its sender, size and number.
 */

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { EventEmitter } from 'node:events'
import { type Millis, SECOND } from '@shoal/base'
import makeMdns, { type MulticastDNS } from 'multicast-dns'
import { monotonicNow } from './alarm.ts'
import { isLinkLocal, isOnLink, type LanInterface } from './lan-interfaces.ts'
import type { Packet } from './lan-records.ts'

export const MDNS_PORT = 5_353
const GROUPS = { ipv4: '224.0.0.251', ipv6: 'ff02::fb' } as const
/** RFC 6762, 17. */
const PACKET_BYTES_MAX = 9_000
/** In one second, from all and from one sender. A busy link has some tens. */
const PACKETS_MAX = 300
const PACKETS_PER_SENDER_MAX = 60

export interface LanLinkInit {
  readonly link: LanInterface
  readonly port: number
  readonly onPacket: (packet: Packet, sender: string) => void
  /** It is of no use any more; it has been closed. */
  readonly onBroken: (error: Error) => void
}

export class LanLink {
  readonly link: LanInterface
  readonly #socket: Socket
  readonly #mdns: MulticastDNS
  readonly #init: LanLinkInit
  readonly #to: { readonly address: string; readonly port: number }
  #windowFrom: Millis = 0
  #packets = 0
  /** By sender, of this second. BOUNDED: PACKETS_MAX. */
  #perSender = new Map<string, number>()
  #closing: Promise<void> | undefined

  /** Rejects where the interface takes no multicast. */
  static async open(init: LanLinkInit): Promise<LanLink> {
    const { family } = init.link
    const type = family === 'ipv6' ? 'udp6' : 'udp4'
    const socket = createSocket({ type, reuseAddr: true, ipv6Only: family === 'ipv6' })
    try {
      await bound(socket, init)
      return new LanLink(init, socket)
    } catch (error) {
      socket.close()
      throw error
    }
  }

  private constructor(init: LanLinkInit, socket: Socket) {
    this.#init = init
    this.link = init.link
    this.#socket = socket
    this.#to = { address: groupOf(init.link), port: init.port }
    // It takes packets from an emitter as well as from a socket, and this one emits only what we let through.
    const gate = Object.assign(new EventEmitter(), { send: socket.send.bind(socket) })
    this.#mdns = makeMdns({
      socket: gate as unknown as Socket,
      type: init.link.family === 'ipv6' ? 'udp6' : 'udp4',
      ip: this.#to.address,
      port: init.port,
      interface: init.link.address,
      bind: false,
      multicast: false,
    })
    // A packet that can't be decoded is a warning of the library's; there will be many.
    this.#mdns.on('packet', (packet: Packet, { address }: RemoteInfo) => init.onPacket(packet, address))
    socket.on('message', (message, from) => {
      if (this.#mayPass(message, from)) gate.emit('message', message, { ...from, address: withoutZone(from.address) })
    })
    socket.on('error', (error) => this.#break(error))
  }

  /** Resolves when it is out; rejects, and closes, where it can't be sent. */
  send(packet: Packet): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => {
        if (error === undefined || error === null) {
          resolve()
          return
        }
        this.#break(error)
        reject(error)
      }
      if (packet.type === 'query') this.#mdns.query({ ...packet, questions: packet.questions ?? [] }, this.#to, done)
      else this.#mdns.respond({ ...packet, answers: packet.answers ?? [] }, this.#to, done)
    })
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => this.#socket.close(() => resolve()))
    return this.#closing
  }

  #break(error: Error): void {
    if (this.#closing !== undefined) return
    void this.close()
    this.#init.onBroken(error)
  }

  #mayPass(message: Buffer, from: RemoteInfo): boolean {
    if (this.#closing !== undefined || message.length > PACKET_BYTES_MAX || !this.#isNeighbour(from)) return false
    const now = monotonicNow()
    if (now - this.#windowFrom >= SECOND) {
      this.#windowFrom = now
      this.#packets = 0
      this.#perSender = new Map()
    }
    const theirs = (this.#perSender.get(from.address) ?? 0) + 1
    if (this.#packets >= PACKETS_MAX || theirs > PACKETS_PER_SENDER_MAX) return false
    this.#packets += 1
    this.#perSender.set(from.address, theirs)
    return true
  }

  /** A socket hears what comes in by other interfaces too: that is theirs. */
  #isNeighbour({ address }: RemoteInfo): boolean {
    if (!isLinkLocal(address)) return isOnLink(this.link, withoutZone(address))
    return address.endsWith(`%${this.link.name}`)
  }
}

function bound(socket: Socket, { link, port }: LanLinkInit): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    // Bound to the group, so that answers to the system's own resolver, which are for one, don't end here.
    const group = process.platform === 'win32' ? undefined : groupOf(link)
    socket.bind({ port, exclusive: false, ...(group === undefined ? {} : { address: group }) }, () => {
      try {
        const zone = link.family === 'ipv6' ? `::%${link.name}` : link.address
        socket.addMembership(GROUPS[link.family], zone)
        socket.setMulticastInterface(zone)
        socket.setMulticastTTL(255)
        // Others on this machine are to hear us as well.
        socket.setMulticastLoopback(true)
        socket.off('error', reject)
        resolve()
      } catch (error) {
        reject(error)
      }
    })
  })
}

function groupOf({ family, name }: LanInterface): string {
  return family === 'ipv6' ? `${GROUPS.ipv6}%${name}` : GROUPS.ipv4
}

function withoutZone(address: string): string {
  return address.split('%')[0] as string
}
