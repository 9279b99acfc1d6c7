/** Server functions: called with bounds on number, size and time; what goes wrong inside is not told to strangers. */

import type { FunctionMessage } from '../wire/message.ts'
import type { Command } from './commands.ts'
import type { Fanout } from './fanout.ts'
import type { Kernel } from './kernel.ts'
import { isShallowEnough } from './limits.ts'
import { has } from './peer.ts'
import type { Answer, Request, Requests } from './requests.ts'
import type { Peer } from './session.ts'

export interface FunctionsParts {
  readonly kernel: Kernel
  readonly requests: Requests
  readonly fanout: Fanout
  readonly isServer: boolean
  servers(): Iterable<Peer>
}

type FunctionCode = 'OK' | 'ERR' | 'NOT_FOUND'

/** One call: every server is asked, the first that has the function answers for all. */
class Call implements Request {
  readonly id: string
  readonly #parts: FunctionsParts
  readonly #ask: { readonly name: string; readonly args: unknown }
  readonly #then: (code: FunctionCode, value: unknown) => void
  /** BOUNDED: by the servers. */
  readonly #pending = new Set<Peer>()
  #isDone = false

  constructor(
    parts: FunctionsParts,
    ask: { name: string; args: unknown },
    then: (code: FunctionCode, value: unknown) => void,
  ) {
    this.id = parts.kernel.messageId()
    this.#parts = parts
    this.#ask = ask
    this.#then = then
  }

  start(): void {
    const servers = [...this.#parts.servers()]
    for (const server of servers) this.#pending.add(server)
    this.#send(servers)
  }

  /** Called without any connection: the first server that comes is asked, and no other, or the call would be made again and again. */
  handleServer(peer: Peer): void {
    if (this.#pending.size > 0) return
    this.#pending.add(peer)
    this.#send([peer])
  }

  handleAnswer(peer: Peer, answer: Answer): void {
    if (!this.#pending.has(peer)) return
    if (answer.type === 'functionReturn' && answer.code !== 'NOT_FOUND') {
      this.#end(answer.code, answer.return)
      return
    }
    if (answer.type !== 'functionReturn' && answer.type !== 'ack') return
    this.#pending.delete(peer)
    if (this.#pending.size > 0) return
    if (answer.type === 'ack') this.#end('ERR', answer.code)
    else this.#end('NOT_FOUND', 'Function not found')
  }

  handleGone(peer: Peer): void {
    this.#pending.delete(peer)
  }

  handleTimeout(): void {
    this.#end('ERR', 'Timed out')
  }

  #send(servers: readonly Peer[]): void {
    const { name, args } = this.#ask
    this.#parts.fanout.sendAll(servers, { type: 'function', id: this.id, to: [], function: name, args })
  }

  #end(code: FunctionCode, value: unknown): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#parts.requests.remove(this.id)
    this.#then(code, value)
  }
}

export class Functions {
  readonly #parts: FunctionsParts
  /** BOUNDED: by the application. */
  readonly #names = new Set<string>()
  #running = 0

  constructor(parts: FunctionsParts) {
    this.#parts = parts
  }

  get running(): number {
    return this.#running
  }

  add(name: string): void {
    this.#names.add(name)
  }

  call(command: Command & { kind: 'function' }, then: (code: FunctionCode, value: unknown) => void): void {
    const call = new Call(this.#parts, command, then)
    if (this.#parts.requests.add(call, command.timeout)) call.start()
    else then('ERR', 'Too many requests')
  }

  handleCall(peer: Peer, message: FunctionMessage, size: number): void {
    const { kernel, isServer } = this.#parts
    const { limits, counters } = kernel
    // A client that happens to be asked must not answer for the servers.
    if (!this.#names.has(message.function)) {
      if (isServer) this.#answer(peer, message.id, 'NOT_FOUND', 'Function not found')
      return
    }
    if (size > limits.functionArgumentsSizeMax || !isShallowEnough(message.args, limits)) {
      counters.add('refused.function-arguments')
      this.#refuse(peer, message.id, 'TOO_LARGE')
      return
    }
    if (this.#running >= limits.functionsInFlightMax || peer.session.functions >= limits.functionsPerPeerMax) {
      counters.add('refused.functions')
      this.#refuse(peer, message.id, 'RATE_LIMITED')
      return
    }
    if (peer.session.answers.isSpent(kernel.steady)) {
      counters.add('refused.function-returns')
      this.#refuse(peer, message.id, 'RATE_LIMITED')
      return
    }
    this.#run(peer, message)
  }

  #run(peer: Peer, message: FunctionMessage): void {
    const { kernel } = this.#parts
    this.#running++
    peer.session.functions++
    let isAnswered = false
    const answer = (code: FunctionCode, value: unknown): void => {
      if (isAnswered) return
      isAnswered = true
      this.#answer(peer, message.id, code, value)
    }
    // The slot stays taken until the function ends, or a function that never ends could be called without bound.
    const timer = kernel.after(kernel.limits.functionTimeout, () => {
      kernel.counters.add('functions.timed-out')
      answer('ERR', 'Timed out')
    })
    kernel.ask('call-function', { name: message.function, args: message.args }, (result) => {
      this.#running--
      peer.session.functions--
      kernel.cancel(timer)
      if (result.ok) return answer('OK', result.value)
      kernel.counters.add('functions.failed')
      answer('ERR', 'Function failed')
    })
  }

  /** tool-db's message for shoal and plain peers alike; the code is one that tool-db knows. */
  #refuse(peer: Peer, id: string, code: string): void {
    if (has(peer, 'ack')) this.#parts.fanout.send(peer, { type: 'ack', id, to: [], code })
    else this.#answer(peer, id, 'ERR', code)
  }

  #answer(peer: Peer, id: string, code: FunctionCode, value: unknown): void {
    if (peer.session.state.kind === 'closed') return
    // What JSON leaves out would make a message that has no return at all.
    this.#parts.fanout.answer(peer, { type: 'functionReturn', id, to: [], code, return: value ?? null })
  }
}
