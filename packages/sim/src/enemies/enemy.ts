/**
 * What all enemies have in common: they understand queries and answers, and send what they like, now or later. Each kind is a
 * small machine of its own in this folder.
 */

import { DeadlineQueue, type Endpoint, type Millis, parseIp, type RandomSource } from '@shoal/base'
import type { Environment, Machine } from '../world/machine.ts'
import { type Bencoded, decode } from './bencode.ts'
import { krpcAnswer, krpcQuery } from './krpc-writer.ts'

type Dictionary = { readonly [key: string]: Bencoded }

export interface Query {
  readonly method: string
  readonly transaction: string
  /** 20 characters: the target or info hash; the asker's id where the query has neither. */
  readonly target: string
  readonly from: Endpoint
}

export abstract class Enemy implements Machine<never> {
  protected readonly random: RandomSource
  protected readonly bound: Endpoint
  /** UNBOUNDED: by what it wants to send; worlds end. */
  readonly #outbox: { to: Endpoint; bytes: Uint8Array }[] = []
  readonly #later = new DeadlineQueue<() => void>()

  constructor({ random, bound }: Environment) {
    this.random = random
    this.bound = bound
  }

  /** A query has come; nothing is answered unless this does. */
  protected handleQuery(_now: Millis, _query: Query): void {}

  /** An answer has come to something it asked. */
  protected handleAnswer(_now: Millis, _from: Endpoint, _answer: Dictionary): void {}

  handleDatagram(now: Millis, from: Endpoint, bytes: Uint8Array): void {
    const message = decode(bytes)
    if (typeof message !== 'object' || Array.isArray(message)) return
    const { y, q, a, r, t = '' } = message as Dictionary
    if (y === 'r' && typeof r === 'object') this.handleAnswer(now, from, r as Dictionary)
    if (y !== 'q' || typeof q !== 'string' || typeof a !== 'object') return
    const { target, info_hash: hash, id = '' } = a as Dictionary
    this.handleQuery(now, { method: q, transaction: String(t), target: String(target ?? hash ?? id), from })
  }

  handleTimeout(now: Millis): void {
    for (let due = this.#later.takeDue(now); due !== undefined; due = this.#later.takeDue(now)) due()
  }

  pollTimeout(): Millis | undefined {
    return this.#later.nextAt()
  }

  pollTransmit(): { to: Endpoint; bytes: Uint8Array } | undefined {
    return this.#outbox.shift()
  }

  pollEvent(): undefined {
    return undefined
  }

  protected send(to: Endpoint, bytes: Uint8Array): void {
    this.#outbox.push({ to, bytes })
  }

  protected answer(query: Query, body: Dictionary): void {
    this.send(query.from, krpcAnswer(query.transaction, body))
  }

  protected ask(to: Endpoint, method: string, body: Dictionary): void {
    this.send(to, krpcQuery({ transaction: this.text(4), method, args: body }))
  }

  protected after(at: Millis, call: () => void): void {
    this.#later.add(at, call)
  }

  /** So many random characters of one byte. */
  protected text(length: number): string {
    return String.fromCharCode(...this.random.bytes(length))
  }
}

/** Compact node info (BEP 5). */
export function compactNode(id: string, endpoint: Endpoint): string {
  return id + compactPeer(endpoint)
}

export function compactPeer({ host, port }: Endpoint): string {
  return String.fromCharCode(...(parseIp(host) ?? new Uint8Array(4)), port >>> 8, port & 0xff)
}

/** An id that shares its first bytes with the target. */
export function near(target: string, sharedBytes: number, rest: string): string {
  return (target.slice(0, sharedBytes) + rest).slice(0, 20)
}
