/**
 * What can live on a host: any core of the house's shape. It is handed datagrams and the time, and asked what it wants sent, what it
 * has to tell, and when it wants to be woken.
 */

import type { Endpoint, Millis, RandomSource } from '@shoal/base'

export interface Machine<Event = unknown> {
  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void
  handleTimeout(now: Millis): void
  pollTransmit(): { readonly to: Endpoint; readonly bytes: Uint8Array } | undefined
  pollEvent(): Event | undefined
  /** `undefined`: it waits for nothing. */
  pollTimeout(): Millis | undefined
}

/** What a machine is given when its host starts. */
export interface Environment {
  /** By its host's clock. */
  readonly now: Millis
  /** The address that its socket is bound to: a private one behind a NAT. */
  readonly bound: Endpoint
  /** Its own, and another each time that the host starts. */
  readonly random: RandomSource
  /** What it saved when it ran last; `undefined` on the first start, or where the file is lost. */
  readonly saved: unknown
}

/** What a machine tells. */
export type EventOf<M> = M extends Machine<infer Event> ? Event : never

/** A program: how a host gets a machine to run, and what becomes of the events of it. */
export interface Program<M extends Machine = Machine> {
  create(environment: Environment): M
  /** Called after the machine was handed something; may use it again, its outputs are carried away afterwards. */
  handleEvent?(machine: M, now: Millis, event: EventOf<M>): void
  /** Called once the machine runs on its host. */
  handleStart?(machine: M, now: Millis): void
  /** What is left in the state file when the host stops in good order. */
  save?(machine: M, now: Millis): unknown
}
