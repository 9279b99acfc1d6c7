/** [H-9] Once the faults are over, a client that subscribed to a key has what any of the servers holds there, or what came behind it. */

import type { DatabaseHost } from '../../database/database-host.ts'
import type { Call, Check, CheckParts } from '../check.ts'
import { heldChanges, heldRecord, inOrder, isOrdinary, named } from '../records.ts'

export class NewestTold implements Check {
  readonly #parts: CheckParts
  /** By the running program of each client. BOUNDED: by the keys of a history. */
  readonly #subscribed = new Map<DatabaseHost, Set<string>>()

  constructor(parts: CheckParts) {
    this.#parts = parts
  }

  handleInvoked({ host, does }: Call): void {
    if (does.kind !== 'subscribe' || host.isServer) return
    const keys = this.#subscribed.get(host) ?? new Set<string>()
    this.#subscribed.set(host, keys.add(does.key))
  }

  handleStopped(host: DatabaseHost): void {
    this.#subscribed.delete(host)
  }

  handleSettled(hosts: readonly DatabaseHost[]): void {
    for (const [client, keys] of this.#subscribed) {
      for (const server of hosts) {
        if (server.isServer) for (const key of keys) this.#knowsNewest(client, key, server)
      }
    }
  }

  #knowsNewest(client: DatabaseHost, key: string, server: DatabaseHost): void {
    const [held, newest] = [heldRecord(client, key), heldRecord(server, key)]
    const isBehind = newest !== undefined && (held === undefined || inOrder(held, newest) < 0)
    if (newest !== undefined && isOrdinary(newest) && isBehind) {
      const sentence = `${client.name} subscribed to ${key}, where ${server.name} has ${named(newest)}, and holds ${named(held)}`
      this.#parts.breach('newest-told', sentence)
    }
    const changes = heldChanges(client, key)
    for (const text of heldChanges(server, key).keys()) {
      if (!changes.has(text))
        this.#parts.breach('newest-told', `${client.name} subscribed to ${key}, and lacks ${text}`)
    }
  }
}
