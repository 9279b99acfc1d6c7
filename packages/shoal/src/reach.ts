/**
 * May a server announce itself? Whoever can't be reached would send clients into the void, so it stays quiet and says why.
 * What speaks for it or against it comes from several places, at different times; the verdict is made here alone.
 */

export interface ReachFacts {
  /** The operator has said where others reach it (`host`): that is taken as it is. */
  readonly isGiven: boolean
  /** Loopback and private addresses are dialled there. */
  readonly isPrivateNetwork: boolean
  /** An interface has an address that everybody can dial: there is no NAT. */
  readonly hasPublicAddress: boolean
  readonly mapping: MappingState
  /** Those who could be asked for a dial from outside have had their time, or there are none. */
  readonly isSettled: boolean
  /** What another server has said that dialled us from outside; `undefined` where none was asked. */
  readonly dialBack: 'reached' | 'not-reached' | undefined
}

export type MappingState =
  | { readonly kind: 'off' }
  | { readonly kind: 'asking' }
  | { readonly kind: 'mapped' }
  | { readonly kind: 'failed'; readonly reason: string }

export type Reach =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'reachable'; readonly by: 'host' | 'private network' | 'dial back' | 'address' | 'mapping' }
  | { readonly kind: 'unreachable'; readonly reason: string }

/** A server without a witness against it announces: the first of a topic has nobody to ask. */
export function judgeReach(facts: ReachFacts): Reach {
  const { isGiven, isPrivateNetwork, hasPublicAddress, mapping, dialBack, isSettled } = facts
  if (isGiven) return { kind: 'reachable', by: 'host' }
  if (isPrivateNetwork) return { kind: 'reachable', by: 'private network' }
  if (dialBack === 'reached') return { kind: 'reachable', by: 'dial back' }
  // The router's own word is told first: it says more, and a no from before it opened the port is none.
  if (dialBack === 'not-reached' && (mapping.kind === 'off' || mapping.kind === 'mapped')) {
    return {
      kind: 'unreachable',
      reason:
        'another server tried to dial it from outside and could not: open its TCP port in the firewall and the router',
    }
  }
  if (!isSettled) return { kind: 'unknown' }
  if (hasPublicAddress) return { kind: 'reachable', by: 'address' }
  switch (mapping.kind) {
    case 'mapped':
      return { kind: 'reachable', by: 'mapping' }
    case 'asking':
      return { kind: 'unknown' }
    case 'failed':
      return { kind: 'unreachable', reason: mapping.reason }
    case 'off':
      return {
        kind: 'unreachable',
        reason:
          'it is behind a NAT, and asking the router for a port is switched off: forward the port by hand and give --host',
      }
  }
}
