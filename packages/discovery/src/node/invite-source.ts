/**
 * The servers that an invite names, as a source: known from the first moment, without asking anybody. What their own signatures
 * do not cover is never looked at, and there are few of them, whoever made the invite.
 */

import { createHash } from 'node:crypto'
import { type Endpoint, type Hash, parseIp, UsageError } from '@shoal/base'
import { dialTarget, EcdsaVerifier, type Invite, inviteFault, parseInvite, type Topic } from '@shoal/peer'
import { addressesOf } from './host-names.ts'
import type { LookupResult, Source, SourceHandle, SourceSink, SourceTopic } from './source.ts'

/** One of each family, twice: an invite is not to be a list of victims. */
const ADDRESSES_PER_NAME_MAX = 4

export interface InviteSourceInit {
  readonly invite: Invite
  readonly onWarning: (sentence: string) => void
}

export class InviteSource implements Source {
  readonly kind = 'invite'
  readonly #invite: Invite
  /** Where its servers are, once their signatures were checked: none where any of them does not hold. */
  readonly #servers: Promise<readonly Endpoint[]>

  constructor({ invite, onWarning }: InviteSourceInit) {
    this.#invite = invite
    this.#servers = checkInvite(invite).then((fault) => {
      if (fault !== undefined) onWarning(fault)
      return fault === undefined ? invite.endpoints.map(dialTarget) : []
    })
  }

  attach({ topic }: SourceTopic, sink: SourceSink): SourceHandle {
    if (topic?.publicId !== this.#invite.topic.publicId) return { detach: () => {} }
    return { lookup: (signal) => this.#tell(sink, signal), detach: () => {} }
  }

  externalHosts(): readonly string[] {
    return []
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** It asks nobody, so it has no answer. */
  async #tell(sink: SourceSink, signal: AbortSignal): Promise<LookupResult> {
    const servers = this.#invite.validUntil > Date.now() ? await this.#servers : []
    const places = await Promise.all(
      servers.map((server) =>
        parseIp(server.host) === undefined ? addressesOf(server, ADDRESSES_PER_NAME_MAX) : [server],
      ),
    )
    if (!signal.aborted) for (const place of places.flat()) sink.sight(place)
    return { answered: false }
  }
}

/** Throws UsageError with one sentence for what is no invite, or is one no longer. */
export function requireInvite(text: unknown): Invite {
  const parsed = parseInvite(text, { now: Date.now(), sha256 })
  if (parsed.kind === 'refused') throw new UsageError(parsed.reason)
  return parsed.invite
}

/** Which topic an invite is to, also one that is over; `undefined` where the text is damaged, or none. */
export function inviteTopic(text: string): Topic | undefined {
  const parsed = parseInvite(text, { now: Date.now(), sha256 })
  return parsed.kind === 'invite' ? parsed.invite.topic : parsed.topic
}

/** A sentence where a server in it has not signed what it says. */
export function checkInvite(invite: Invite): Promise<string | undefined> {
  return inviteFault(invite, { now: Date.now(), verifier: new EcdsaVerifier(), sha256 })
}

const sha256: Hash = (input) => new Uint8Array(createHash('sha256').update(input).digest())
