/** `verifyMessage` of tool-db: all of a record's verification but the custom one, in one call. */

import { sha256 } from '@noble/hashes/sha2.js'
import { type Clock, systemClock } from '@shoal/base'
import { parseRecord } from '../core/records/parse-record.ts'
import type { RecordCode } from '../core/records/record-code.ts'
import { checkRecord } from '../core/records/verify.ts'
import type { AllOptions } from '../options.ts'
import { verifierOf } from '../users/adapter-keys.ts'
import type { ToolDbUserAdapter } from '../users/user-adapter.ts'

export async function verifyRecord(
  message: unknown,
  context: { readonly options: AllOptions; readonly account: ToolDbUserAdapter; readonly clock?: Clock },
): Promise<RecordCode | 'Verified'> {
  const parsed = parseRecord(message)
  if (!parsed.ok) return parsed.code
  const { options, account, clock = systemClock } = context
  const verifier = verifierOf(account)
  const { pow, records, topic, acceptTopics } = options
  const isAddress = (text: string): boolean => verifier.isAddress(text)
  const rules = { pow, records, topics: [topic, ...acceptTopics], isAddress, sha256 }
  const checked = checkRecord(parsed.record, rules, clock.now())
  if (!checked.ok) return checked.code
  const { h, a, s } = parsed.record
  return (await verifier.verify(h, a, s)) ? 'Verified' : 'InvalidSignature'
}
