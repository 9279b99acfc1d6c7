/** The golden messages of npm tool-db, npm tool-db's own verification, and records made here to attack with. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Hash, Millis } from '@shoal/base'
import { EcdsaVerifier, isEcdsaAddress, KeyPair, type SignedEndpoint } from '@shoal/peer'
import { hashOf, hashPrefix, valueText } from '../../src/core/records/hash.ts'
import { type ParsedRecord, parseRecord } from '../../src/core/records/parse-record.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { checkRecord, type RecordRules } from '../../src/core/records/verify.ts'
import { type DraftInit, RecordDraft, signedRecord, writtenValue } from '../../src/core/records/write.ts'

export interface GoldenCase {
  readonly name: string
  readonly message: { readonly type: string; readonly data: WireRecord; readonly peer: SignedEndpoint }
  readonly pow?: number
  readonly username?: string
  readonly password?: string
}

interface Golden {
  readonly cases: readonly GoldenCase[]
  readonly user: { readonly pkcs8: string; readonly address: string }
  readonly peer: { readonly pkcs8: string; readonly address: string }
}

export const golden: Golden = JSON.parse(
  readFileSync(new URL('../../../../vectors/tool-db-2.6.6.json', import.meta.url), 'utf8'),
)
export const goldenRecords: readonly GoldenCase[] = golden.cases.filter((one) => one.message.data !== undefined)

export const sha256: Hash = (input) => new Uint8Array(createHash('sha256').update(input).digest())

/** The published packages, from the workspace that has them, as values of any type: theirs want a whole ToolDb. */
const published = createRequire(new URL('../../../../test/interop/package.json', import.meta.url))
// biome-ignore lint/suspicious/noExplicitAny: see above
export const theirs: any = published('tool-db')
// biome-ignore lint/suspicious/noExplicitAny: see above
export const TheirEcdsaUser: any = published('@tool-db/ecdsa-user').default

/** What npm tool-db says of a record; its store is empty, its clock the real one. */
export function theirVerdict(record: unknown, pow: number | null): Promise<string> {
  const host = { logger: () => undefined }
  const store = { get: () => Promise.reject(new Error('not found')) }
  return theirs.verifyMessage.call({ store, userAccount: new TheirEcdsaUser(host) }, record, pow)
}

export const NOW: Millis = 1_795_400_000_000
/** When the golden records were written: npm tool-db's clock is the real one, and refuses what is ahead of it. */
export const GOLDEN_TIME: Millis = 1_795_329_614_770
export const TOPIC = 'records'
export const rules: RecordRules = {
  pow: 0,
  records: 'compatible',
  topics: [TOPIC],
  isAddress: isEcdsaAddress,
  sha256,
}

export const alice: KeyPair = await KeyPair.fromPrivateKey(golden.user.pkcs8)
export const mallory: KeyPair = await KeyPair.fromPrivateKey(golden.peer.pkcs8)

const verifier = new EcdsaVerifier()

/** The whole of what a node asks of a record, in its order. */
export async function verdict(input: unknown, change: Partial<RecordRules> = {}, now: Millis = NOW): Promise<string> {
  const parsed: ParsedRecord = parseRecord(input)
  if (!parsed.ok) return parsed.code
  const check = checkRecord(parsed.record, { ...rules, ...change }, now)
  if (!check.ok) return check.code
  const { h, a, s } = parsed.record
  return (await verifier.verify(h, a, s)) ? 'Verified' : 'InvalidSignature'
}

/** A plain record as tool-db writes it, without proof of work. */
export async function plain(fields: Partial<WireRecord>, signer: KeyPair = alice): Promise<WireRecord> {
  const { k = 'key', a = signer.address, n = 0, t = NOW, c = null } = fields
  const v = 'v' in fields ? fields.v : 'value'
  const h = fields.h ?? hashOf(hashPrefix(valueText(v), a, t), n, sha256)
  return { k, a, n, t, h, s: fields.s ?? (await signer.sign(h)), v, c }
}

/** A bound record as a shoal node writes it. */
export async function bound(change: Partial<DraftInit> = {}, signer: KeyPair = alice): Promise<WireRecord> {
  const draft = new RecordDraft(
    {
      key: 'key',
      address: signer.address,
      time: NOW,
      value: writtenValue('value'),
      type: null,
      topicPublicId: TOPIC,
      pow: null,
      ...change,
    },
    sha256,
  )
  let unsigned = draft.step(100)
  while (unsigned === undefined) unsigned = draft.step(100)
  return signedRecord(unsigned, await signer.sign(unsigned.h))
}
