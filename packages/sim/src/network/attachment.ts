/** A host's end of the network: where it stands, by which address it is known, and what is in front of it. */

import type { Endpoint, Millis } from '@shoal/base'
import type { Nat } from './nat.ts'

export class Attachment {
  /** The number of the host in its world. */
  readonly index: number
  /** Index into `REGIONS`. */
  readonly region: number
  /** `undefined`: it is reached as it is. */
  readonly nat: Nat | undefined
  /** The port of its socket. */
  readonly port: number
  /** Its public address. */
  host: string
  /** What others see where there is no NAT; kept, so that a datagram makes no new one. */
  endpoint: Endpoint
  /** Which part of a network that is split; only hosts of one part hear each other. */
  side = 0
  /** Until when its line is busy with what was sent before. */
  uplinkFreeAt: Millis = 0
  downlinkFreeAt: Millis = 0

  constructor(init: { index: number; region: number; nat: Nat | undefined; host: string; port: number }) {
    this.index = init.index
    this.region = init.region
    this.nat = init.nat
    this.host = init.host
    this.port = init.port
    this.endpoint = { host: init.host, port: init.port }
  }

  /** What its socket is bound to. */
  get bound(): Endpoint {
    return this.nat === undefined ? this.endpoint : { host: '192.168.1.2', port: this.port }
  }

  moveTo(host: string): void {
    this.host = host
    this.endpoint = { host, port: this.port }
    this.nat?.reset()
  }
}
