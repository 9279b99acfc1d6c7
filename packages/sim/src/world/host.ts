/** A computer of the world: it has a place in the network, a clock, a disk with one state file, and a program that runs or does not. */

import type { Endpoint, Millis } from '@shoal/base'
import type { Attachment } from '../network/attachment.ts'
import type { Datagram } from '../network/network.ts'
import type { HostClock } from './clock.ts'
import type { Machine, Program } from './machine.ts'

/** frozen: its process stands still (suspended, swapping); what arrives waits in the socket. */
export type HostState = 'down' | 'running' | 'frozen'

export class Host<M extends Machine = Machine> {
  readonly name: string
  readonly program: Program<M>
  readonly attachment: Attachment
  readonly clock: HostClock
  state: HostState = 'down'
  machine: M | undefined
  /** Its state file; `undefined` where there is none. */
  saved: unknown
  /** How often it was started. */
  starts = 0
  /** Its wake-up in the queue of the world, where it waits for something, and when that is by its own clock. */
  wake: number | undefined
  wakeLocal: Millis | undefined
  /** What waits in the socket while it is frozen. BOUNDED: by the world, SOCKET_BUFFER_DATAGRAMS. */
  readonly waiting: Datagram[] = []

  constructor(init: { name: string; program: Program<M>; attachment: Attachment; clock: HostClock }) {
    this.name = init.name
    this.program = init.program
    this.attachment = init.attachment
    this.clock = init.clock
  }

  get index(): number {
    return this.attachment.index
  }

  /** Where others reach it, unless a NAT is in front of it. */
  get endpoint(): Endpoint {
    return this.attachment.endpoint
  }

  get isUp(): boolean {
    return this.state !== 'down'
  }
}
