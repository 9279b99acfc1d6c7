/** What a topic with an owner adds to the world of the fakes: certificates, those who have none or another's, and the nodes that are asked for the roster. */

import { type Endpoint, HOUR, type Millis } from '@shoal/base'
import {
  type Certificate,
  EMPTY_ROSTER,
  nobleVerifyEd25519,
  openRoster,
  type RosterItem,
  rosterPeer,
  type TopicRoster,
} from '@shoal/peer'
import { TestOwner } from '../../packages/peer/test/test-owner.ts'
import { TestKey } from '../../packages/tool-db/test/node/test-key.ts'
import type { NodeOptions } from '../../packages/tool-db/test/node/world-node.ts'

const GENUINE_KEY = 'genuine'

export class OwnedFakes {
  readonly #owner = new TestOwner(7)
  readonly #forger = new TestOwner(8, this.#owner.topic)
  readonly #now: Millis
  readonly #genuine: Endpoint

  constructor(now: Millis, genuine: Endpoint) {
    this.#now = now
    this.#genuine = genuine
  }

  get genuine(): NodeOptions {
    return this.#options(GENUINE_KEY, this.#certificate(this.#owner, GENUINE_KEY))
  }

  get client(): NodeOptions {
    return this.#options('client', undefined)
  }

  /** The genuine one's certificate, for whoever calls himself by that name. */
  get copied(): NodeOptions {
    return this.#options('impostor', this.#certificate(this.#owner, GENUINE_KEY))
  }

  /** Without a certificate, with another owner's, and with one that has expired. */
  get liars(): readonly NodeOptions[] {
    return [
      { host: '45.11.11.11', ...this.#options('none', undefined) },
      { host: '45.12.12.12', ...this.#options('forger', this.#certificate(this.#forger, 'forger')) },
      { host: '45.13.13.13', ...this.#options('late', this.#certificate(this.#owner, 'late', this.#now - HOUR)) },
    ]
  }

  /** Of each four nodes one is honest, two have an older roster, and one a forged newer one. */
  readRoster(nodes: number): TopicRoster {
    let newest: { readonly seq: number; readonly roster: TopicRoster } = { seq: 0, roster: EMPTY_ROSTER }
    for (let i = 0; i < nodes; i++) {
      const opened = openRoster(this.#owner.topic, this.#held(i), nobleVerifyEd25519)
      if (opened.ok && opened.value.seq > newest.seq) newest = opened.value
    }
    return newest.roster
  }

  #held(node: number): RosterItem {
    const fake = { peer: rosterPeer('fake'), endpoint: { host: '46.0.9.1', port: this.#genuine.port } }
    switch (node % 4) {
      case 0: {
        const peer = rosterPeer(new TestKey(GENUINE_KEY).address)
        return this.#owner.item(7, { servers: [{ peer, endpoint: this.#genuine }] })
      }
      case 1:
        return this.#forger.item(9, { servers: [fake] })
      default:
        return this.#owner.item(3, { servers: [fake] })
    }
  }

  #certificate(owner: TestOwner, key: string, until: Millis = this.#now + HOUR): Certificate {
    return owner.certificate({ peerId: new TestKey(key).address, from: this.#now - 2 * HOUR, until })
  }

  #options(key: string, certificate: Certificate | undefined): NodeOptions {
    const { topic } = this.#owner
    const membership = { kind: 'certified', topic, certificate } as const
    return { key, config: { topicPublicId: topic.publicId, membership, encryption: 'prefer' } }
  }
}
