/** Our own questions that wait for answers: found by message id, ended by time, told of servers that come and go. */

import type { Millis } from '@shoal/base'
import type {
  AckMessage,
  CrdtSetsMessage,
  FunctionReturnMessage,
  QueryAckMessage,
  RecordMessage,
} from '../wire/message.ts'
import type { Kernel, Timer } from './kernel.ts'
import type { Peer } from './session.ts'

export type Answer = RecordMessage | CrdtSetsMessage | AckMessage | QueryAckMessage | FunctionReturnMessage

export interface Request {
  readonly id: string
  handleAnswer(peer: Peer, answer: Answer): void
  /** A server has connected, which may be asked too. */
  handleServer(peer: Peer): void
  handleGone(peer: Peer): void
  handleTimeout(): void
}

export class Requests {
  readonly #kernel: Kernel
  /** BOUNDED: requestsMax. */
  readonly #requests = new Map<string, { readonly request: Request; readonly timer: Timer }>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get size(): number {
    return this.#requests.size
  }

  /** False where too many wait already. */
  add(request: Request, timeout: Millis): boolean {
    if (this.#requests.size >= this.#kernel.limits.requestsMax) {
      this.#kernel.counters.add('refused.requests')
      return false
    }
    const timer = this.#kernel.after(timeout, () => {
      this.#requests.delete(request.id)
      request.handleTimeout()
    })
    this.#requests.set(request.id, { request, timer })
    return true
  }

  remove(id: string): void {
    this.#kernel.cancel(this.#requests.get(id)?.timer)
    this.#requests.delete(id)
  }

  has(id: string): boolean {
    return this.#requests.has(id)
  }

  /** False where nobody asked. */
  handleAnswer(peer: Peer, answer: Answer): boolean {
    const held = this.#requests.get(answer.id)
    if (held === undefined) return false
    held.request.handleAnswer(peer, answer)
    return true
  }

  handleServer(peer: Peer): void {
    for (const { request } of [...this.#requests.values()]) request.handleServer(peer)
  }

  handleGone(peer: Peer): void {
    for (const { request } of [...this.#requests.values()]) request.handleGone(peer)
  }
}
