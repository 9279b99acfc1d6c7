/**
 * Another machine than a DHT node, to show that anything of the same shape runs in a world: each host tells a few others what it
 * has heard, signed by whom it comes from (Ed25519, which signs deterministically, RFC 8032; ECDSA must follow RFC 6979 here).
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Endpoint, Millis, RandomSource } from '@shoal/base'
import type { Environment, Machine, Program } from '../../src/index.ts'

export interface Heard {
  readonly kind: 'heard'
  readonly rumour: string
}

const ROUND_MS: Millis = 1_000
const FANOUT = 2
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export class Gossip implements Machine<Heard> {
  readonly known = new Map<string, Uint8Array>()
  readonly #neighbours: readonly Endpoint[]
  readonly #random: RandomSource
  readonly #outbox: { to: Endpoint; bytes: Uint8Array }[] = []
  readonly #events: Heard[] = []
  readonly #key: KeyObject
  #nextAt: Millis

  constructor({ now, random, saved }: Environment, neighbours: readonly Endpoint[]) {
    this.#neighbours = neighbours
    this.#random = random
    this.#nextAt = now + ROUND_MS
    const der = Buffer.concat([PKCS8_PREFIX, random.bytes(32)])
    this.#key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    for (const [rumour, bytes] of (saved as [string, Uint8Array][] | undefined) ?? []) this.known.set(rumour, bytes)
  }

  say(rumour: string): void {
    const text = Buffer.from(rumour)
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.#learn(rumour, Buffer.concat([spki, sign(undefined, text, this.#key), text]))
  }

  handleDatagram(_now: Millis, _from: Endpoint, bytes: Uint8Array): void {
    const rumour = Buffer.from(bytes.subarray(108)).toString()
    const key = createPublicKey({ key: Buffer.from(bytes.subarray(0, 44)), format: 'der', type: 'spki' })
    if (this.known.has(rumour) || !verify(undefined, bytes.subarray(108), key, bytes.subarray(44, 108))) return
    this.#learn(rumour, bytes.slice())
  }

  handleTimeout(now: Millis): void {
    if (now < this.#nextAt) return
    this.#nextAt = now + ROUND_MS
    for (const bytes of this.known.values()) {
      for (let i = 0; i < FANOUT; i++) {
        const to = this.#neighbours[this.#random.uint32() % this.#neighbours.length]
        if (to !== undefined) this.#outbox.push({ to, bytes })
      }
    }
  }

  pollTransmit(): { to: Endpoint; bytes: Uint8Array } | undefined {
    return this.#outbox.shift()
  }

  pollEvent(): Heard | undefined {
    return this.#events.shift()
  }

  pollTimeout(): Millis {
    return this.#nextAt
  }

  #learn(rumour: string, bytes: Uint8Array): void {
    this.known.set(rumour, bytes)
    this.#events.push({ kind: 'heard', rumour })
  }
}

export function gossipProgram(neighbours: () => readonly Endpoint[]): Program<Gossip> {
  return {
    create: (environment) => new Gossip(environment, neighbours()),
    save: (machine) => [...machine.known],
  }
}
