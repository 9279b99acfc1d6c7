/**
 * What must hold once the faults are over: every peer that was announced and lives is found by every lookup, in good time. The world is
 * healed first, and given a while to find itself.
 */

import { MINUTE, randomBelow, SECOND } from '@shoal/base'
import { type NodeId, readNodeId } from '@shoal/dht/core'
import { DhtNode, type LookupRecord } from '../dht/dht-node.ts'
import type { DhtHost } from '../dht/dht-world.ts'
import { ORDINARY } from '../network/network.ts'
import type { Host } from '../world/host.ts'
import type { World } from '../world/world.ts'
import { textKey } from './oracle.ts'
import { OracleFailure } from './safety.ts'

/** A contact is questionable after a quarter of an hour (BEP 5), and upkeep then asks one after another. */
const RECOVERY_MS = 30 * MINUTE
const ANNOUNCING_MS = 2 * MINUTE
const ANNOUNCERS = 8
const LOOKERS = 8
/** Of one lookup, from its start to the last node it waits for. */
const LOOKUP_MS = 15 * SECOND
const PORT = 7_000
/** A last few may be under suspicion, but not yet given up. */
const DEAD_SHARE_MAX = 0.1

/** Ends all faults: enemies are gone, the parts of the network hear each other, nobody is frozen. */
function heal(world: World): void {
  world.heal()
  world.network.conditions = ORDINARY
  for (const host of world.hosts) {
    world.thaw(host)
    if (host.isUp && !isNode(host)) world.stop(host, 'crash')
  }
}

/** Throws `OracleFailure` where a lookup misses a live peer or takes too long. */
export function checkLiveness(world: World): void {
  const random = world.random('liveness')
  heal(world)
  const gone = new Set(world.hosts.filter(({ isUp }) => !isUp).map(({ endpoint }) => textKey(endpoint)))
  world.advance(RECOVERY_MS)
  checkTables(world, gone)

  const running = world.hosts.filter(isNode)
  const drawn = (count: number): DhtHost[] => {
    const hosts = Array.from({ length: count }, () => running[randomBelow(random, running.length)] as DhtHost)
    return [...new Set(hosts)]
  }
  const announced = drawn(ANNOUNCERS).map((host) => ({ host, infoHash: readNodeId(random.bytes(20)) }))
  for (const { host, infoHash } of announced) {
    const announce = { port: PORT, isPortImplied: false }
    world.run(host, (node, now) => node.lookup(now, infoHash, { announce }))
  }
  world.advance(ANNOUNCING_MS)
  for (const looker of drawn(LOOKERS)) for (const one of announced) checkLookup(world, looker, one)
}

function isNode(host: Host): host is DhtHost {
  return host.machine instanceof DhtNode
}

/** Who was gone before the recovery began is in good standing with nobody any more, unless he came back. */
function checkTables(world: World, gone: ReadonlySet<string>): void {
  const back = new Set(world.hosts.filter(({ isUp }) => isUp).map(({ endpoint }) => textKey(endpoint)))
  for (const host of world.hosts.filter(isNode)) {
    const held = [...(host.machine?.engine.contacts() ?? [])].filter(({ failures }) => failures === 0)
    const contacts = held.map(({ address }) => textKey(address))
    const dead = contacts.filter((contact) => gone.has(contact) && !back.has(contact))
    if (dead.length > contacts.length * DEAD_SHARE_MAX) {
      const sentence = `${host.name} still has ${dead.length} of ${contacts.length} contacts that left before the recovery`
      throw new OracleFailure({ oracle: 'dead-contacts', sentence, at: world.now, events: [] })
    }
  }
}

interface Announced {
  readonly host: DhtHost
  readonly infoHash: NodeId
}

/** Churn may go on: who has left since is not looked for, nor asked to look. */
function checkLookup(world: World, looker: DhtHost, { host: announcer, infoHash }: Announced): void {
  const record: LookupRecord | undefined = world.run(looker, (node, now) => node.lookup(now, infoHash))
  if (record === undefined) return
  const starts = [looker.starts, announcer.starts]
  world.runUntil(world.now + LOOKUP_MS, () => record.doneAt !== undefined || !looker.isUp)
  const isDisturbed = !looker.isUp || !announcer.isUp || looker.starts !== starts[0] || announcer.starts !== starts[1]
  if (isDisturbed || record.peers.has(`${announcer.attachment.host}:${PORT}`)) return
  const how = record.doneAt === undefined ? `is not done after ${LOOKUP_MS / 1_000} s` : 'is done'
  throw new OracleFailure({
    oracle: 'liveness',
    sentence: `a lookup of ${looker.name} ${how} and has not found ${announcer.name}, which announced itself and lives`,
    at: world.now,
    events: [],
  })
}
