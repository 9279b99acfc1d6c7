/** [H-11] A put says that so many servers have confirmed it only where so many have. */

import type { DatabaseHost } from '../../database/database-host.ts'
import type { Check, CheckParts, Completed, Said } from '../check.ts'

export class Confirmations implements Check {
  readonly #parts: CheckParts
  /** Addresses of those who said OK to which message: a server that lost its key is another one. BOUNDED: by the messages of a history. */
  readonly #confirmed = new Map<string, Set<string>>()
  /** Addresses that may confirm what they like: whoever stops may come back by another. */
  #liars: number

  constructor(parts: CheckParts) {
    this.#parts = parts
    this.#liars = parts.hostile
  }

  handleStopped(host: DatabaseHost): void {
    if (!host.isHonest) this.#liars++
  }

  handleSaid(host: DatabaseHost, _channel: number, said: Said): void {
    if (said.type !== 'ack' || said.code !== 'OK' || !host.isHonest) return
    const hosts = this.#confirmed.get(said.id) ?? new Set<string>()
    this.#confirmed.set(said.id, hosts.add(host.key.address))
  }

  handleCompleted({ host, result }: Completed): void {
    if (result.kind !== 'put') return
    const honest = this.#confirmed.get(result.message.id)?.size ?? 0
    if (result.confirmed <= honest + this.#liars) return
    const sentence = `a put of ${host.name} counts ${result.confirmed} servers that confirmed it, and ${honest} have`
    this.#parts.breach('confirmations', sentence)
  }
}
