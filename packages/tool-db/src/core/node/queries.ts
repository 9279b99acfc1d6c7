/** Keys by prefix: page by page between shoal peers, in one bounded answer to plain ones; ours merged from here and from all servers. */

import { utf8Length } from '@shoal/base'
import type { QueryMessage } from '../wire/message.ts'
import type { Command } from './commands.ts'
import type { Fanout } from './fanout.ts'
import { HeavyReads } from './heavy-reads.ts'
import type { Kernel } from './kernel.ts'
import { EMPTY_PAGES_MAX, KEY_COST, scanKeys } from './key-pages.ts'
import { has } from './peer.ts'
import { type Answer, type Request, type Requests, TOO_MANY_REQUESTS } from './requests.ts'
import type { Peer } from './session.ts'

export interface QueriesParts {
  readonly kernel: Kernel
  readonly requests: Requests
  readonly fanout: Fanout
  readonly clientId: string
  servers(): Iterable<Peer>
}

/** How far one server's pages have come. */
interface Progress {
  readonly after: string | undefined
  readonly pages: number
}

const PAGES_MAX = 1_000

/** `error`: our own store could not be read. */
export type QueryAnswer = (keys: readonly string[], complete: boolean, error?: unknown) => void

/** One `queryKeys`: every server is asked for page after page. */
class PrefixQuestion implements Request {
  readonly id: string
  readonly #parts: QueriesParts
  readonly #ask: { readonly prefix: string; readonly to: readonly string[] }
  readonly #then: QueryAnswer
  /** BOUNDED: queryKeysMax. */
  readonly #keys = new Set<string>()
  /** BOUNDED: by the servers. */
  readonly #pending = new Map<Peer, Progress>()
  #asked = 0
  #isLocalDone = false
  /** There are more than one query gathers. */
  #isCut = false
  /** A server had no time for it, or could not read. */
  #isUnsure = false
  #isDone = false

  constructor(parts: QueriesParts, ask: { prefix: string; to: readonly string[] }, then: QueryAnswer) {
    this.id = parts.kernel.messageId()
    this.#parts = parts
    this.#ask = ask
    this.#then = then
  }

  start(): void {
    this.#scan(undefined)
    for (const server of this.#parts.servers()) this.handleServer(server)
  }

  handleServer(peer: Peer): void {
    if (this.#ask.to.includes(peer.clientId)) return
    this.#asked++
    this.#pending.set(peer, { after: undefined, pages: 0 })
    this.#askPage(peer, undefined)
  }

  handleAnswer(peer: Peer, answer: Answer): void {
    if (!this.#pending.has(peer)) return
    if (answer.type === 'ack') {
      this.#isUnsure = true
      this.#doneWith(peer)
      return
    }
    if (answer.type !== 'queryAck') return
    const fresh = answer.keys.filter((key) => key.startsWith(this.#ask.prefix))
    this.#add(fresh)
    const last = fresh.at(-1)
    const held = this.#pending.get(peer) as Progress
    const progress = { after: last, pages: held.pages + 1 }
    // Pages that stand still, or never end, are no honest server's.
    const goesOn = answer.more === true && last !== undefined && last !== held.after && progress.pages < PAGES_MAX
    if (!goesOn || this.#isFull) {
      // Without a key to go on behind there is more than the server would walk through.
      this.#isCut ||= goesOn || (answer.more === true && last === undefined)
      this.#doneWith(peer)
      return
    }
    this.#pending.set(peer, progress)
    this.#askPage(peer, last)
  }

  handleGone(peer: Peer): void {
    if (this.#pending.delete(peer) && this.#pending.size > 0) this.#check()
  }

  handleTimeout(): void {
    this.#end(false)
  }

  #askPage(peer: Peer, after: string | undefined): void {
    const { fanout, kernel } = this.#parts
    const page = has(peer, 'page') ? { limit: kernel.limits.answerKeysMax, ...(after !== undefined && { after }) } : {}
    fanout.send(peer, { type: 'query', id: this.id, to: this.#ask.to, key: this.#ask.prefix, ...page })
  }

  #scan(after: string | undefined): void {
    const { prefix } = this.#ask
    const limit = this.#parts.kernel.limits.answerKeysMax
    // Our own keys are gone through to the end, whatever is deleted among them.
    scanKeys(this.#parts.kernel, { prefix, after, limit, emptyPagesMax: Number.POSITIVE_INFINITY }, (result) => {
      if (this.#isDone) return
      if (!result.ok) return this.#end(false, result.error ?? new Error('the store failed'))
      const { keys, more } = result.value
      this.#add(keys)
      if (more && !this.#isFull) return this.#scan(keys.at(-1))
      this.#isCut ||= more
      this.#isLocalDone = true
      this.#check()
    })
  }

  get #isFull(): boolean {
    return this.#keys.size >= this.#parts.kernel.limits.queryKeysMax
  }

  #add(keys: readonly string[]): void {
    for (const key of keys) {
      if (!this.#isFull) this.#keys.add(key)
      else if (!this.#keys.has(key)) this.#isCut = true
    }
  }

  #doneWith(peer: Peer): void {
    this.#pending.delete(peer)
    this.#check()
  }

  #check(): void {
    if (this.#isLocalDone && this.#pending.size === 0 && this.#asked > 0) this.#end(!this.#isCut && !this.#isUnsure)
  }

  #end(complete: boolean, error?: unknown): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#parts.requests.remove(this.id)
    if (this.#isCut) this.#parts.kernel.counters.add('queries.cut')
    this.#then([...this.#keys].sort(), complete, error)
  }
}

/** A page of long keys costs milliseconds, and a question for it is a few bytes: all strangers together have a part of a core. */
const SCAN_RATE = { lengthPerMs: 32_768, waitingPerAskerMax: 256 }

export class Queries {
  readonly #parts: QueriesParts
  readonly #heavy: HeavyReads

  constructor(parts: QueriesParts) {
    this.#parts = parts
    const { kernel } = parts
    this.#heavy = new HeavyReads({ kernel, ...SCAN_RATE, waitingMax: kernel.limits.readsMax })
  }

  query(command: Command & { kind: 'query' }, then: QueryAnswer): void {
    const to = [...(command.to ?? []), this.#parts.clientId]
    const question = new PrefixQuestion(this.#parts, { prefix: command.prefix, to }, then)
    if (this.#parts.requests.add(question, command.timeout)) question.start()
    else then([], false, TOO_MANY_REQUESTS)
  }

  handleQuery(peer: Peer, message: QueryMessage): void {
    const { kernel, fanout } = this.#parts
    const isTaken = this.#heavy.enter(peer, (done) => {
      if (peer.session.state.kind === 'closed') done(0)
      else this.#answer(peer, message, done)
    })
    if (isTaken) return
    kernel.counters.add('refused.reads')
    if (has(peer, 'ack')) fanout.send(peer, { type: 'ack', id: message.id, to: [], code: 'RATE_LIMITED' })
  }

  #answer(peer: Peer, message: QueryMessage, done: (length: number) => void): void {
    const { kernel, fanout } = this.#parts
    const { limits } = kernel
    const isPaged = has(peer, 'page')
    const limit = Math.min(
      isPaged ? (message.limit ?? limits.answerKeysMax) : limits.answerKeysMax,
      limits.answerKeysMax,
    )
    const after = isPaged ? message.after : undefined
    scanKeys(kernel, { prefix: message.key, after, limit, emptyPagesMax: EMPTY_PAGES_MAX }, (result, cost) => {
      done(KEY_COST + cost)
      if (peer.session.state.kind === 'closed') return
      if (!result.ok) {
        if (has(peer, 'ack')) fanout.send(peer, { type: 'ack', id: message.id, to: [], code: 'STORE_FAILED' })
        return
      }
      const keys = within(result.value.keys, limits.messageSizeMax / 2)
      const more = result.value.more || keys.length < result.value.keys.length
      // A plain peer knows of no pages: it gets what one answer holds.
      fanout.send(peer, { type: 'queryAck', id: message.id, to: [], keys, ...(isPaged && { more }) })
    })
  }
}

/** As many keys from the front as fit, in bytes; one at least, or a page could stand still. */
function within(keys: readonly string[], sizeMax: number): readonly string[] {
  let size = 0
  for (const [i, key] of keys.entries()) {
    size += (utf8Length(JSON.stringify(key)) ?? 0) + 1
    if (size > sizeMax && i > 0) return keys.slice(0, i)
  }
  return keys
}
