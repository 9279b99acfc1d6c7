/**
 * What happens in a history, as data: who takes part, and steps that each stand for themselves, so that any of them can be left out
 * and the others still mean what they meant. A failed history is shrunk by leaving out what it does not need.
 */

import type { Millis } from '@shoal/base'
import type { DiskFate } from '../database/database-host.ts'
import type { StopKind } from '../database/database-world.ts'
import type { Durability } from '../database/disk.ts'

export interface ServerPlan {
  readonly name: string
  readonly skew: Millis
  readonly durability: Durability
  readonly writeDelay: Millis
  readonly isHostile: boolean
}

export interface ClientPlan {
  readonly name: string
  readonly skew: Millis
  /** Else its store is in memory, and each start is a new session. */
  readonly hasDisk: boolean
}

export interface Plan {
  readonly seed: number
  readonly servers: readonly ServerPlan[]
  readonly clients: readonly ClientPlan[]
  /** Share of the segments on connections that are lost and sent again. */
  readonly loss: number
  /** All delays of the network times this. */
  readonly slowness: number
  /** Connections are. */
  readonly isEncrypted?: boolean
  /** In the order of time. */
  readonly steps: readonly Step[]
}

export type DocumentKind = 'COUNTER' | 'MAP' | 'LIST'

/** What an application does. */
export type Operation =
  /** `confirm`: servers that must have it before the put counts as done. */
  | { readonly kind: 'put'; readonly key: string; readonly value: number; readonly confirm: number }
  /** A value that ends by itself. */
  | { readonly kind: 'lend'; readonly key: string; readonly value: number; readonly ttl: Millis }
  | { readonly kind: 'delete'; readonly key: string; readonly confirm: number }
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'claim'; readonly key: string; readonly value: number }
  | { readonly kind: 'change'; readonly key: string; readonly document: DocumentKind; readonly value: number }
  | { readonly kind: 'read-document'; readonly key: string; readonly document: DocumentKind }
  | { readonly kind: 'subscribe'; readonly key: string }

/** What goes wrong, and for how long. */
export type Fault =
  /** Those named hear only each other, the others too. */
  | { readonly kind: 'part'; readonly hosts: readonly string[]; readonly lasts: Millis }
  | { readonly kind: 'cut'; readonly hosts: readonly [string, string] }
  | {
      readonly kind: 'crash'
      readonly host: string
      readonly how: StopKind
      readonly disk: DiskFate
      readonly lasts: Millis
    }
  | { readonly kind: 'freeze'; readonly host: string; readonly lasts: Millis }
  | { readonly kind: 'clock'; readonly host: string; readonly by: Millis; readonly lasts: Millis }
  | { readonly kind: 'disk-fails'; readonly host: string; readonly lasts: Millis }
  /** A hostile peer sends what it has heard once more, or what nobody has said. */
  | { readonly kind: 'mischief'; readonly host: string; readonly what: MischiefKind; readonly count: number }

export type MischiefKind = 'replay' | 'forge-value' | 'forge-key' | 'forge-deletion'

export type Step =
  | { readonly at: Millis; readonly actor: string; readonly does: Operation }
  | { readonly at: Millis; readonly fault: Fault }

/** One line for people. */
export function stepText(step: Step): string {
  const at = `${(step.at / 1_000).toFixed(3).padStart(8)} s`
  const [who, what] = 'fault' in step ? ['', step.fault] : [`${step.actor} `, step.does]
  const { kind, ...rest } = what
  const parts = Object.entries(rest).map(([name, value]) => `${name} ${Array.isArray(value) ? value.join('+') : value}`)
  return `${at}  ${who}${kind} ${parts.join(', ')}`
}
