/** A place where a server is said to be: who says so, and how far dialling it has come. */

import type { Endpoint } from '@shoal/base'
import type { Timer } from './kernel.ts'
import type { Session } from './session.ts'

/** given: by hand. told: by a peer. proposed: by discovery, which keeps its own book of when to try again. */
export type DialSource = 'given' | 'told' | 'proposed'

export type EntryState =
  | { readonly kind: 'waiting'; readonly timer: Timer | undefined }
  | { readonly kind: 'queued' }
  | { readonly kind: 'dialling'; readonly dial: number; readonly timer: Timer }
  | { readonly kind: 'open'; readonly session: Session }
  /** Its peer is connected another way; tried again when that peer goes. */
  | { readonly kind: 'alias'; readonly peerId: string }

/** Who told of it, for whoever shares out the dials: everybody of one address prefix together. */
export interface Teller {
  readonly name: string
  readonly proven: boolean
}

export interface DialEntry {
  readonly endpoint: Endpoint
  readonly sources: Set<DialSource>
  /** In whose turns it is dialled. BOUNDED: TELLERS_MAX. */
  readonly tellers: Map<string, Teller>
  /** Whoever told of it must not point us into loopback or private networks. */
  globalOnly: boolean
  failures: number
  /** Who answered there last. */
  seen: string | undefined
  /**
   * Who is said to be there, the one that was seen among them. Anybody can say to be anywhere, so an endpoint is left
   * alone only where every one of them is connected. BOUNDED: SUSPECTS_MAX.
   */
  readonly suspects: Set<string>
  state: EntryState
  hasReported: boolean
}

/** What is known of an endpoint besides who names it. */
export interface Hearsay {
  readonly address?: string
  readonly globalOnly?: boolean
  readonly teller?: Teller
}

const TELLERS_MAX = 4
/** An endpoint that more claim is dialled whoever is connected. */
export const SUSPECTS_MAX = 4

export function newEntry(endpoint: Endpoint, source: DialSource, { address, globalOnly, teller }: Hearsay): DialEntry {
  return {
    endpoint,
    sources: new Set([source]),
    tellers: new Map(teller === undefined ? [] : [[teller.name, teller]]),
    globalOnly: globalOnly ?? false,
    failures: 0,
    seen: undefined,
    suspects: new Set(address === undefined ? [] : [address]),
    state: { kind: 'queued' },
    hasReported: false,
  }
}

/** One more source names it. */
export function addHearsay(entry: DialEntry, source: DialSource, { address, globalOnly, teller }: Hearsay): void {
  entry.sources.add(source)
  if (address !== undefined && entry.suspects.size < SUSPECTS_MAX) entry.suspects.add(address)
  if (teller !== undefined) addTeller(entry, teller)
  entry.globalOnly &&= globalOnly ?? false
}

/** Nobody answers at it yet, and no other than this teller has named it. */
export function isOnlyOf(entry: DialEntry, teller: Teller): boolean {
  const isPending = entry.state.kind === 'queued' || entry.state.kind === 'waiting' || entry.state.kind === 'dialling'
  return isPending && isOnlyTold(entry) && entry.tellers.size === 1 && entry.tellers.has(teller.name)
}

export function isOnlyTold({ sources }: DialEntry): boolean {
  return sources.size === 1 && sources.has('told')
}

export function isOnlyProposed({ sources }: DialEntry): boolean {
  return sources.size === 1 && sources.has('proposed')
}

/** Of more tellers those that proved something stay. */
function addTeller({ tellers }: DialEntry, teller: Teller): void {
  if (tellers.size >= TELLERS_MAX && !tellers.has(teller.name)) {
    const unproven = [...tellers.values()].find(({ proven }) => !proven)
    if (unproven === undefined || !teller.proven) return
    tellers.delete(unproven.name)
  }
  tellers.set(teller.name, teller)
}

export function saw(entry: DialEntry, address: string): void {
  entry.seen = address
  entry.suspects.clear()
  entry.suspects.add(address)
}
