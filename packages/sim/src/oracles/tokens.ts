/** BEP 5: `announce_peer` and `put` are taken only with a token that this node gave to this address, ten minutes ago at most. */

import { latin1, MINUTE, type Millis } from '@shoal/base'
import type { DhtHost } from '../dht/dht-world.ts'
import { textAt } from './krpc-view.ts'
import { answered, type OracleFactory } from './oracle.ts'

const TOKEN_LIFETIME_MS = 10 * MINUTE
const WRITES = new Set(['announce_peer', 'put'])

interface Issued {
  readonly world: Millis
  /** By the clock of the host, which may have been set since. */
  readonly local: Millis
}

/** Tokens of the last twenty to forty minutes: older ones are worth nothing anyway. */
class IssuedTokens {
  #young = new Map<string, Issued>()
  #old = new Map<string, Issued>()
  #turnAt: Millis

  constructor(now: Millis) {
    this.#turnAt = now + 2 * TOKEN_LIFETIME_MS
  }

  add(address: string, token: string, issued: Issued): void {
    if (issued.world >= this.#turnAt) {
      this.#old = this.#young
      this.#young = new Map()
      this.#turnAt = issued.world + 2 * TOKEN_LIFETIME_MS
    }
    this.#young.set(`${address} ${token}`, issued)
  }

  find(address: string, token: string): Issued | undefined {
    return this.#young.get(`${address} ${token}`) ?? this.#old.get(`${address} ${token}`)
  }
}

export const tokens: OracleFactory = (_world, breach) => {
  /** BOUNDED: by the hosts of the world. */
  const issued = new Map<DhtHost, IssuedTokens>()
  return {
    name: 'tokens',
    handleStart: (host) => issued.delete(host),
    handleSent(seen) {
      const { now, host, other, view } = seen
      if (view?.kind !== 'answer') return
      const own = issued.get(host) ?? new IssuedTokens(now)
      issued.set(host, own)
      const local = host.clock.shows(now)
      const given = view.values.get('token')
      if (given instanceof Uint8Array) own.add(other.host, latin1(given), { world: now, local })
      const query = answered(seen)
      if (query === undefined || !WRITES.has(query.method)) return
      const known = own.find(other.host, textAt(query.args, 'token') ?? '')
      if (known === undefined) {
        return breach('tokens', host, `takes ${query.method} of ${other.host} with a token that it never gave there`)
      }
      const age = Math.min(now - known.world, local - known.local)
      if (age > TOKEN_LIFETIME_MS) {
        breach('tokens', host, `takes ${query.method} with a token of ${Math.round(age / 1_000)} s ago`)
      }
    },
  }
}
