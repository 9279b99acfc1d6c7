/** What a node is told once, at its start. */

import type { Millis } from '@shoal/base'
import type { Certificate, OwnedTopic } from '@shoal/peer'
import type { FrozenRules } from '../records/frozen.ts'

/** Who belongs to the topic, by its kind. */
export type Membership =
  /** Whoever has its name. */
  | { readonly kind: 'open' }
  /** As servers only those whom the owner has certified; a server without a certificate of its own is talked to by nobody. */
  | { readonly kind: 'certified'; readonly topic: OwnedTopic; readonly certificate: Certificate | undefined }
  /** Whoever has the secret: these 32 bytes are derived from it. */
  | { readonly kind: 'secret'; readonly key: Uint8Array }

export interface NodeConfig {
  /** The whole address of our peer key. */
  readonly peerAddress: string
  /** 16 random bytes in hex, drawn for this running process. */
  readonly instance: string
  readonly topicPublicId: string
  readonly membership: Membership
  /** Public ids of earlier topics whose bound records are still taken. */
  readonly acceptTopics: readonly string[]
  readonly isServer: boolean
  /** Of connections with shoal peers; `require` takes no others, and only encrypted ones. */
  readonly encryption: 'off' | 'prefer' | 'require'
  readonly plainPeers: 'accept' | 'refuse'
  readonly records: 'compatible' | 'strict'
  readonly pow: number | null
  /** tool-db's `wait`: between the first tries of an endpoint. */
  readonly wait: Millis
  /** tool-db's `maxRetries`: so many tries at `wait`, then an endpoint given by hand is tried ever more rarely, any other forgotten. */
  readonly maxRetries: number
  readonly triggerDebounce: Millis
  readonly frozen: FrozenRules
  /** The user adapter's word on addresses. */
  isAddress(text: string): boolean
}
