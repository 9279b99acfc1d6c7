/** The owner of a topic in tests: certificates and rosters, signed by a key that a number stands for. */

import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import {
  type Certificate,
  encodeRoster,
  type OwnedTopic,
  openRoster,
  ownedTopic,
  type RosterItem,
  rosterMessage,
  type SignedRoster,
  signCertificate,
  type TopicRoster,
  type VerifyEd25519,
} from '../src/index.ts'

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

export class TestOwner {
  readonly topic: OwnedTopic
  readonly #key: KeyObject

  /** With a topic that is another's it signs all the same. */
  constructor(seed = 7, topic: string | OwnedTopic = 'chat') {
    this.#key = createPrivateKey({
      key: Buffer.concat([PKCS8_PREFIX, new Uint8Array(32).fill(seed)]),
      format: 'der',
      type: 'pkcs8',
    })
    const spki = createPublicKey(this.#key).export({ format: 'der', type: 'spki' })
    this.topic = typeof topic === 'string' ? ownedTopic(topic, Uint8Array.from(spki.subarray(-32))) : topic
  }

  sign(message: Uint8Array): Uint8Array {
    return Uint8Array.from(sign(undefined, message, this.#key))
  }

  certificate(about: Pick<Certificate, 'peerId' | 'from' | 'until'>): Certificate {
    return signCertificate(about, { topic: this.topic, sign: (message) => this.sign(message) })
  }

  item(seq: number, roster: Partial<TopicRoster>): RosterItem {
    const value = encodeRoster({ servers: [], revocations: [], ...roster }) as Uint8Array
    return { seq, value, signature: this.sign(rosterMessage(this.topic, { seq, value })) }
  }

  roster(seq: number, roster: Partial<TopicRoster>, verify: VerifyEd25519 = () => true): SignedRoster {
    const opened = openRoster(this.topic, this.item(seq, roster), verify)
    if (!opened.ok) throw new Error(opened.reason)
    return opened.value
  }
}
