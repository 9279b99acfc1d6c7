/** Records as tool-db 2.6.6 writes them, with real signatures. */

import { createHash } from 'node:crypto'
import type { KeyPair } from '@shoal/peer'
import type { WireRecord } from '../../src/core/records/record.ts'

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

export async function signedRecord(key: KeyPair, name: string, value: unknown): Promise<WireRecord> {
  const time = Date.now()
  const h = createHash('sha256')
    .update(`${JSON.stringify(value)}${key.address}${time}0`)
    .digest('hex')
  return { k: name, a: key.address, n: 0, h, t: time, s: await key.sign(h), v: value, c: null }
}
