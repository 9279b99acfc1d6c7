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

/** Why an application's question was not asked: requestsMax of them wait already. */
export const TOO_MANY_REQUESTS: Error = new Error('too many questions wait for their answers')

/** Questions that are over for whoever asked, while some server has not answered yet. */
const LATE_MAX = 1_024

export class Requests {
  readonly #kernel: Kernel
  /** BOUNDED: requestsMax. */
  readonly #requests = new Map<string, { readonly request: Request; readonly timer: Timer }>()

  /** BOUNDED: LATE_MAX, oldest out. */
  readonly #late = new Map<string, Request>()

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  get size(): number {
    return this.#requests.size
  }

  get late(): number {
    return this.#late.size
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
    this.#late.delete(id)
  }

  /** Nobody waits for it any more, but answers that come late are answers all the same: they are kept for the next read. */
  letLate(request: Request): void {
    this.remove(request.id)
    this.#late.set(request.id, request)
    if (this.#late.size <= LATE_MAX) return
    const [oldest] = this.#late.keys()
    if (oldest !== undefined) this.#late.delete(oldest)
  }

  has(id: string): boolean {
    return this.#requests.has(id) || this.#late.has(id)
  }

  /** False where nobody asked. */
  handleAnswer(peer: Peer, answer: Answer): boolean {
    const request = this.#requests.get(answer.id)?.request ?? this.#late.get(answer.id)
    request?.handleAnswer(peer, answer)
    return request !== undefined
  }

  handleServer(peer: Peer): void {
    for (const { request } of [...this.#requests.values()]) request.handleServer(peer)
  }

  handleGone(peer: Peer): void {
    for (const { request } of [...this.#requests.values()]) request.handleGone(peer)
    for (const request of [...this.#late.values()]) request.handleGone(peer)
  }
}
