/** Servers that the owner of a topic has certified, and rosters that revoke them. */

import { HOUR, type Millis } from '@shoal/base'
import { type Certificate, rosterPeer, type SignedRoster } from '@shoal/peer'
import { TestOwner } from '../../../peer/test/test-owner.ts'
import { START, TestKey, type World, type WorldNode } from './world.ts'
import type { NodeOptions } from './world-node.ts'

export const owner = new TestOwner(7)
export const TOPIC = owner.topic
export const forger = new TestOwner(8, TOPIC)
export const DAY = 24 * HOUR

interface Certified {
  key: string
  from?: Millis
  until?: Millis
  by?: TestOwner
}

export function certificateOf({ key, from = START - HOUR, until = START + DAY, by = owner }: Certified): Certificate {
  return by.certificate({ peerId: new TestKey(key).address, from, until })
}

export function optionsOf(key: string, certificate?: Certificate, more: NodeOptions = {}): NodeOptions {
  const membership = { kind: 'certified', topic: TOPIC, certificate } as const
  return {
    key,
    ...more,
    config: { topicPublicId: TOPIC.publicId, membership, encryption: 'prefer', ...more.config },
  }
}

export const certifiedServer = (world: World, key: string, more: Partial<Certified> = {}): WorldNode => {
  const node = world.server(optionsOf(key, certificateOf({ key, ...more })))
  node.input((machine) => machine.start(world.now))
  return node
}
export const client = (world: World, more: NodeOptions = {}): WorldNode =>
  world.client(optionsOf('client', undefined, more))

export function meet(from: WorldNode, to: WorldNode, world: World): void {
  from.connect(to)
  world.run(500)
}

/** Each is another roster, newer than the last. */
let published = 0
export const revocation = (key: string, at: Millis): SignedRoster =>
  owner.roster(++published, { revocations: [{ peer: rosterPeer(new TestKey(key).address), at }] })
export const revoke = (node: WorldNode, world: World, key: string, at: Millis): void => {
  const roster = revocation(key, at)
  node.input((machine) => machine.handleTopicRoster(world.now, roster))
}
