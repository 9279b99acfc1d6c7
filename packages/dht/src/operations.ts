/** What callers wait for: each operation of the engine, and who is to be told how it ended. */

import { type AsyncQueue, ClosedError, type Endpoint, type Family, familyOf, type Millis, toHex } from '@shoal/base'
import { whenAborted } from './abort.ts'
import type { AnnounceResult, OperationEvent, OperationId } from './core/engine-event.ts'
import { nodeIdBytes } from './core/id/node-id.ts'
import type { LookupSummary } from './core/lookup/lookup.ts'
import { BusyError, NoAnswerError, RefusedError } from './errors.ts'

/** A peer of an info hash, as a node told it. Nothing about it is proven. */
export interface DhtPeer extends Endpoint {
  readonly family: Family
  /** The node that told us. */
  readonly from: Endpoint
}

export interface Pong {
  /** 40 hex digits. */
  readonly id: string
  readonly ms: Millis
}

interface Waiter<T> {
  settle(result: T): void
  fail(error: unknown): void
}

export type Operation =
  | ({ readonly kind: 'lookup'; readonly queue: AsyncQueue<DhtPeer> } & Waiter<LookupSummary>)
  | ({ readonly kind: 'announce' } & Waiter<AnnounceResult>)
  | ({ readonly kind: 'walk' } & Waiter<void>)
  | ({ readonly kind: 'ping'; readonly node: Endpoint } & Waiter<Pong>)
  /** Whoever waits makes of its end what it means. */
  | ({ readonly kind: 'end' } & Waiter<OperationEvent>)

export const EMPTY_SUMMARY: LookupSummary = {
  queried: 0,
  answered: 0,
  failed: 0,
  timedOut: 0,
  abandoned: 0,
  stalled: 0,
  peers: 0,
  ms: 0,
}

export class Operations {
  readonly #cancel: (id: OperationId) => LookupSummary | undefined
  /** BOUNDED: by the callers, who start each and wait for it. */
  readonly #pending = new Map<OperationId, { operation: Operation; release: () => void }>()
  #isClosed = false

  /** `cancel` tells the engine to forget an operation. */
  constructor(cancel: (id: OperationId) => LookupSummary | undefined) {
    this.#cancel = cancel
  }

  /** Waits for an operation; an abort of the signal fails it. */
  add(id: OperationId, operation: Operation, signal: AbortSignal | undefined): void {
    const onAbort = (): void => this.abort(id, abortError(signal))
    this.#pending.set(id, { operation, release: whenAborted(signal, onAbort) })
    if (signal?.aborted) onAbort()
    else if (this.#isClosed) this.abort(id)
  }

  handleEvent(event: OperationEvent): void {
    if (event.kind === 'peer') {
      const operation = this.#pending.get(event.operation)?.operation
      if (operation?.kind === 'lookup') {
        const { host, port } = event.peer
        operation.queue.push({ host, port, family: familyOf(host), from: event.from })
      }
      return
    }
    const operation = this.#take(event.operation)
    if (operation === undefined) return
    if (operation.kind === 'end') operation.settle(event)
    else if (operation.kind === 'ping') settlePing(operation, event)
    else if (event.kind === 'lookup-done') settleLookup(operation, event)
  }

  /** Ends one operation: with the error, or, a lookup without one, with how far it came. */
  abort(id: OperationId, error?: Error): void {
    const operation = this.#take(id)
    if (operation === undefined) return
    const summary = this.#cancel(id) ?? EMPTY_SUMMARY
    if (operation.kind === 'lookup' && error === undefined) operation.settle(summary)
    else operation.fail(error ?? new ClosedError('the DHT node was closed'))
  }

  close(): void {
    this.#isClosed = true
    for (const id of [...this.#pending.keys()]) this.abort(id)
  }

  #take(id: OperationId): Operation | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    pending?.release()
    return pending?.operation
  }
}

export function abortError(signal: AbortSignal | undefined): ClosedError {
  return new ClosedError('the operation was aborted by its signal', { cause: signal?.reason })
}

function settleLookup(
  operation: Exclude<Operation, { kind: 'ping' | 'end' }>,
  { summary, announced }: Extract<OperationEvent, { kind: 'lookup-done' }>,
): void {
  if (operation.kind === 'lookup') operation.settle(summary)
  else if (operation.kind === 'announce') operation.settle(announced)
  else operation.settle()
}

function settlePing(
  operation: Extract<Operation, { kind: 'ping' }>,
  event: Exclude<OperationEvent, { kind: 'peer' }>,
): void {
  if (event.kind === 'pong') {
    // Three digits of a millisecond are more than a network is worth.
    operation.settle({ id: toHex(nodeIdBytes(event.id)), ms: Math.round(event.ms * 1_000) / 1_000 })
  } else if (event.kind === 'no-pong') {
    const { node } = operation
    if (event.why === 'refused') operation.fail(new RefusedError(node, event.code))
    else operation.fail(event.why === 'busy' ? new BusyError(node) : new NoAnswerError(node))
  }
}
