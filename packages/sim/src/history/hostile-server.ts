/**
 * A server that got through the handshake with a key of its own, as anybody can, and then lies: it acknowledges what it has not stored,
 * withholds what it should hand on, changes values and keys, and sends old records again. It can't sign for others.
 */

import { type RandomSource, randomBelow, randomFraction } from '@shoal/base'
import type { Mischief, Tampered } from '../database/mischief.ts'
import type { MischiefKind } from './plan.ts'

/** Shares of the messages about records. */
const FALSE_ACKS = 0.3
const WITHHELD = 0.3
const CHANGED = 0.2

const LOOT_MAX = 200
const KEYS = ['a', 'b', 'c', '==x', 'lent'] as const

interface RecordMessage {
  readonly type: string
  readonly id: string
  readonly to: readonly string[]
  readonly data: Readonly<Record<string, unknown>>
}

export class HostileServer implements Mischief {
  readonly #random: RandomSource
  readonly #send: (channel: number, text: string) => void
  /** Messages about records that came by. BOUNDED: LOOT_MAX. */
  readonly #loot: RecordMessage[] = []
  /** Connections whose handshake is through. BOUNDED: by the connections of a history. */
  readonly #channels = new Set<number>()
  #nextId = 1

  constructor(random: RandomSource, send: (channel: number, text: string) => void) {
    this.#random = random
    this.#send = send
  }

  handleIncoming(channel: number, text: string): Tampered {
    const message = this.#noted(channel, text)
    if (message === undefined || !this.#chance(FALSE_ACKS)) return { onward: [text], back: [] }
    return { onward: [], back: [JSON.stringify({ type: 'ack', id: message.id, to: [], code: 'OK' })] }
  }

  handleOutgoing(channel: number, text: string): Tampered {
    const message = this.#noted(channel, text)
    if (message === undefined) return { onward: [text], back: [] }
    if (this.#chance(WITHHELD)) return { onward: [], back: [] }
    if (!this.#chance(CHANGED)) return { onward: [text], back: [] }
    return { onward: [JSON.stringify(forged(message, 'forge-value', this.#random))], back: [] }
  }

  /** Says it to somebody, unasked. */
  act(what: MischiefKind, count: number): void {
    const channels = [...this.#channels]
    for (let i = 0; i < count && channels.length > 0 && this.#loot.length > 0; i++) {
      const message = this.#loot[randomBelow(this.#random, this.#loot.length)] as RecordMessage
      const channel = channels[randomBelow(this.#random, channels.length)] as number
      const said = { ...forged(message, what, this.#random), id: `hostile${this.#nextId++}`, to: [] }
      this.#send(channel, JSON.stringify(said))
    }
  }

  #noted(channel: number, text: string): RecordMessage | undefined {
    if (text.startsWith('{"type":"proof"')) this.#channels.add(channel)
    if (!text.startsWith('{"type":"put"') && !text.startsWith('{"type":"crdtPut"')) return undefined
    const message = JSON.parse(text) as RecordMessage
    if (this.#loot.length < LOOT_MAX) this.#loot.push(message)
    return message
  }

  #chance(share: number): boolean {
    return randomFraction(this.#random) < share
  }
}

function forged(message: RecordMessage, what: MischiefKind, random: RandomSource): RecordMessage {
  const { data } = message
  switch (what) {
    case 'replay':
      return message
    case 'forge-value':
      return { ...message, data: { ...data, v: 'forged' } }
    case 'forge-key':
      return { ...message, data: { ...data, k: KEYS[randomBelow(random, KEYS.length)] } }
    case 'forge-deletion':
      return { ...message, type: 'put', data: { ...data, v: null, c: 'DEL' } }
  }
}
