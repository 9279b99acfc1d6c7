/** Runs a plan from beginning to end under all checks; throws `HistoryFailure` where a promise is broken. */

import { MINUTE, type Millis, SECOND } from '@shoal/base'
import type { NodeEvent } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../database/database-host.ts'
import { type DatabaseObserver, DatabaseWorld } from '../database/database-world.ts'
import { Application } from './application.ts'
import { type Check, type CheckName, type CheckParts, HistoryFailure } from './check.ts'
import { Acknowledged } from './checks/acknowledged.ts'
import { Confirmations } from './checks/confirmations.ts'
import { areConnected, Connected } from './checks/connected.ts'
import { Documents } from './checks/documents.ts'
import { EndedUnseen } from './checks/ended-unseen.ts'
import { FrozenNames } from './checks/frozen-names.ts'
import { GenuineRecords } from './checks/genuine-records.ts'
import { NewestTold } from './checks/newest-told.ts'
import { ReadsForward } from './checks/reads-forward.ts'
import { areEqual, ReplicasEqual } from './checks/replicas-equal.ts'
import { Faults } from './faults.ts'
import { HostileServer } from './hostile-server.ts'
import type { Plan } from './plan.ts'
import { Registry } from './registry.ts'
import { Watch } from './watch.ts'

export interface HistoryReport {
  readonly seed: number
  readonly operations: number
  /** Those that were answered. */
  readonly completed: number
  /** Of the world. */
  readonly milliseconds: Millis
  /** Everything that the machines were handed, in a number. */
  readonly hash: string
}

/** Between two copies of the disks. */
const BACKUP_EVERY: Millis = 10 * SECOND
/** The longest pause between two attempts to connect is a minute, and some. */
const RECONNECTION_MAX: Millis = 5 * MINUTE
/** Servers compare what they hold when they connect, and every minute. */
const SETTLED_MAX: Millis = 5 * MINUTE
const SETTLING: Millis = 10 * SECOND
/** What a client could not keep is asked for again after pauses of a minute at most. */
const ASKED_AGAIN_WITHIN: Millis = 70 * SECOND

export function runHistory(plan: Plan): HistoryReport {
  const { seed, steps } = plan
  const network = { loss: plan.loss, slowness: plan.slowness }
  const database = new DatabaseWorld({ seed, network, isEncrypted: plan.isEncrypted ?? false })
  const { world } = database
  const hostile = new Map<string, HostileServer>()
  for (const { name, skew, durability, writeDelay, isHostile } of plan.servers) {
    const send = (channel: number, text: string): void => database.sendRaw(channel, text)
    if (isHostile) hostile.set(name, new HostileServer(world.random(`hostile ${name}`), send))
    const mischief = hostile.get(name)
    database.add({ name, isServer: true, durability, writeDelay, hasDisk: true, mischief }, { skew })
  }
  for (const { name, skew, hasDisk } of plan.clients) {
    const writeDelay = hasDisk ? 2 : 0
    const init = { name, isServer: false, durability: 'memory', writeDelay, hasDisk, mischief: undefined } as const
    database.add(init, { skew })
  }
  const registry = new Registry(database.hosts)
  const breach = (check: CheckName, sentence: string): never => {
    throw new HistoryFailure({ check, sentence, at: world.now })
  }
  const checks = checksOf({ registry, hostile: hostile.size, breach })
  const applications = new Map(database.hosts.map((host) => [host, new Application(host, database, checks)]))
  database.observe(new Watch(checks, registry))
  database.observe(new Applications(applications))

  const faults = new Faults(database, hostile)
  for (const host of database.hosts) database.start(host)
  const byName = new Map(database.hosts.map((host) => [host.name, applications.get(host)]))
  for (const [i, step] of steps.entries()) {
    world.at(step.at, () => {
      if ('fault' in step) faults.start(step.fault)
      else byName.get(step.actor)?.run(i, step.does)
    })
  }
  const end = (steps.at(-1)?.at ?? 0) + SETTLING
  while (world.now < end) {
    world.advance(Math.min(BACKUP_EVERY, end - world.now))
    for (const host of database.hosts) if (host.isUp) faults.backUp(host)
  }
  faults.endAll()
  const honest = database.hosts.filter(({ isHonest }) => isHonest)
  const latest = world.now + RECONNECTION_MAX
  while (world.now < latest && !areConnected(honest)) world.advance(SECOND)
  const settled = world.now + SETTLED_MAX
  while (world.now < settled && !areEqual(honest)) world.advance(SECOND)
  world.advance(ASKED_AGAIN_WITHIN)
  for (const check of checks) check.handleSettled?.(honest)
  return {
    seed,
    operations: steps.filter((step) => 'does' in step).length,
    completed: [...applications.values()].reduce((sum, { completed }) => sum + completed, 0),
    milliseconds: world.now,
    hash: database.hash,
  }
}

function checksOf(parts: CheckParts): readonly Check[] {
  return [
    new GenuineRecords(parts),
    new Acknowledged(parts),
    new ReadsForward(parts),
    new Documents(parts),
    new FrozenNames(parts),
    new Confirmations(parts),
    new EndedUnseen(parts),
    new Connected(parts),
    new NewestTold(parts),
    new ReplicasEqual(parts),
  ]
}

class Applications implements DatabaseObserver {
  readonly #byHost: ReadonlyMap<DatabaseHost, Application>

  constructor(byHost: ReadonlyMap<DatabaseHost, Application>) {
    this.#byHost = byHost
  }

  handleEvent(host: DatabaseHost, event: NodeEvent): void {
    this.#byHost.get(host)?.handleEvent(event)
  }

  handleStopped(host: DatabaseHost): void {
    this.#byHost.get(host)?.handleStopped()
  }
}
