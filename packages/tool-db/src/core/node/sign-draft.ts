/** Makes records of our own: dated behind what is held, worked for and signed, and not stored. */

import { nextTime } from '../records/order.ts'
import type { WireRecord } from '../records/record.ts'
import { RecordDraft, signedRecord } from '../records/write.ts'
import type { NodeConfig } from './config.ts'
import type { Kernel } from './kernel.ts'
import type { OwnDraft } from './verdict.ts'

/** `heldAt`: the time to come behind. Without a record `error` says why. */
export type SignDraft = (
  draft: OwnDraft,
  heldAt: number | undefined,
  then: (record: WireRecord | undefined, error?: unknown) => void,
) => void

/** Hashes of proof of work between two turns of everybody else. */
const WORK_SLICE = 4_096

export function draftSigner({ kernel, config }: { readonly kernel: Kernel; readonly config: NodeConfig }): SignDraft {
  const { topicPublicId, pow } = config
  return ({ key, value, author, type, ttl }, heldAt, then) => {
    const time = nextTime(kernel.now, heldAt)
    const { address } = author
    const expiry = ttl === undefined ? undefined : { expiry: time + ttl }
    const draft = new RecordDraft({ key, address, time, value, type, topicPublicId, pow, ...expiry }, kernel.sha256)
    const step = (): void => {
      const unsigned = draft.step(WORK_SLICE)
      if (unsigned === undefined) {
        kernel.ask('pause', {}, (result) => (result.ok ? step() : then(undefined, result.error)))
        return
      }
      kernel.ask('sign', { signer: author.signer, text: unsigned.h }, (result) => {
        if (!result.ok) return then(undefined, result.error)
        then(signedRecord(unsigned, result.value))
      })
    }
    step()
  }
}
