/** Who watches a world: told of everything that happens, and unable to change it. Oracles and measurements are made of these. */

import type { Endpoint, Millis } from '@shoal/base'
import type { DropReason } from '../network/network.ts'
import type { Host } from './host.ts'

/** Bytes may be looked at, not kept. All times are the world's. */
export interface Observer {
  /** A machine has sent this; nothing has happened to it yet. */
  handleSent?(now: Millis, from: Host, to: Endpoint, bytes: Uint8Array): void
  /** Is handed to the machine next. `from` is the sender as the host sees it. */
  handleDelivered?(now: Millis, to: Host, from: Endpoint, bytes: Uint8Array): void
  handleDropped?(now: Millis, why: DropReason): void
  /** A machine tells something. */
  handleEvent?(now: Millis, host: Host, event: unknown): void
  /** A machine was handed something, and drained. */
  handleStep?(now: Millis, host: Host): void
  /** A host was started, stopped, frozen, thawed, moved, or its clock set. */
  handleFate?(now: Millis, host: Host, what: Fate): void
}

export type Fate = 'start' | 'stop' | 'freeze' | 'thaw' | 'move' | 'clock' | 'lose-state'
