/** Signatures that are quick and repeatable, and the records and endpoints that are made with them. */

import { createHash } from 'node:crypto'
import type { Endpoint, Millis } from '@shoal/base'
import { endpointDigest, type SignedEndpoint } from '@shoal/peer'
import type { WireRecord } from '../../src/core/records/record.ts'
import { RecordDraft, signedRecord, writtenValue } from '../../src/core/records/write.ts'

export const TOPIC = 'world'

export const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())

/** A key of the test's own kind: whoever knows the name can sign. */
export class TestKey {
  readonly name: string
  readonly address: string

  constructor(name: string) {
    this.name = name
    this.address = createHash('sha512').update(name).digest('base64url')
  }

  sign(text: string): string {
    return signatureOf(this.address, text)
  }

  /** A plain record, as tool-db writes it. */
  plain(key: string, value: unknown, options: { time: Millis; nonce?: number; type?: string | null }): WireRecord {
    const { time, nonce = 0, type = null } = options
    const h = createHash('sha256')
      .update(`${JSON.stringify(value)}${this.address}${time}${nonce}`)
      .digest('hex')
    return { k: key, a: this.address, n: nonce, h, t: time, s: this.sign(h), v: value, c: type }
  }

  /** A bound record, as we write it. */
  bound(
    key: string,
    value: unknown,
    options: { time: Millis; topic?: string; type?: string | null; expiry?: Millis },
  ): WireRecord {
    const { time, topic = TOPIC, type = null, expiry } = options
    const draft = new RecordDraft(
      { key, address: this.address, time, value: writtenValue(value), type, topicPublicId: topic, pow: null, expiry },
      sha256,
    )
    const unsigned = draft.step(1)
    if (unsigned === undefined) throw new Error('there is no work to do')
    return signedRecord(unsigned, this.sign(unsigned.h))
  }

  endpoint(place: Endpoint, time: Millis, topic: string = TOPIC): SignedEndpoint {
    const unsigned = { topic, timestamp: time, ...place }
    return { ...unsigned, address: this.address, sig: this.sign(endpointDigest(unsigned, sha256)) }
  }
}

export function signatureOf(address: string, text: string): string {
  return createHash('sha256').update(`signed ${address} ${text}`).digest('hex')
}
