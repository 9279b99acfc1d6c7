/** Two servers and a client that do not run, for checks that are told what is said to happen to them. */

import { createHash } from 'node:crypto'
import type { CommandResult, WireRecord } from '@shoal/tool-db/core'
import type { DatabaseHost } from '../../src/database/database-host.ts'
import { DatabaseWorld } from '../../src/database/database-world.ts'
import { type Check, type CheckFactory, type Completed, HistoryFailure } from '../../src/history/check.ts'
import type { Operation } from '../../src/history/plan.ts'
import { Registry } from '../../src/history/registry.ts'
import { writtenIn } from '../../src/history/watch.ts'

const START = 1_800_000_000_000

export function scene(factory: CheckFactory) {
  const database = new DatabaseWorld({ seed: 1 })
  const add = (name: string, isServer: boolean) =>
    database.add(
      { name, isServer, durability: 'memory', writeDelay: 1, hasDisk: true, mischief: undefined },
      { skew: 0 },
    )
  const [server, other, client] = [add('server', true), add('other', true), add('client', false)]
  const registry = new Registry(database.hosts)
  const breach = (check: HistoryFailure['check'], sentence: string): never => {
    throw new HistoryFailure({ check, sentence, at: 0 })
  }
  const check: Check = factory({ registry, hostile: 0, breach })
  /** As its author's own store has it. */
  const record = (host: DatabaseHost, fields: { k: string; v: unknown; t?: number; c?: string | null }): WireRecord => {
    const { k, v, t = 0, c = null } = fields
    const h = createHash('sha256')
      .update(JSON.stringify([k, v, t, c, host.name]))
      .digest('hex')
    const made: WireRecord = { k, a: host.user.address, n: 0, t: START + t, h, s: 'signed', v, c }
    registry.note(host, [made])
    return made
  }
  return {
    database,
    server,
    other,
    client,
    check,
    record,
    writes: (host: DatabaseHost, made: WireRecord, row = made.k) =>
      put(check, host, { row, text: JSON.stringify(made) }),
    drops: (host: DatabaseHost, row: string) => put(check, host, { row, text: undefined }),
    acknowledges(host: DatabaseHost, made: WireRecord, id = made.h): void {
      check.handleHeard?.(host, 1, { type: 'record', id, records: [made] })
      check.handleSaid?.(host, 1, { type: 'ack', id, code: 'OK' })
    },
    completes: (call: Partial<Completed> & { host: DatabaseHost; does: Operation; result: CommandResult }) => {
      const whole = { step: 0, session: `${call.host.name} 0`, invokedAt: 0, completedAt: 0, ...call }
      check.handleInvoked?.(whole)
      check.handleCompleted?.(whole)
    },
    settles: () => check.handleSettled?.(database.hosts),
  }
}

function put(check: Check, host: DatabaseHost, { row, text }: { row: string; text: string | undefined }): void {
  const batch = { writes: [text === undefined ? { key: row } : { key: row, value: text }], expect: new Map() }
  host.disk.begin(batch)
  host.disk.complete(0, batch)
  check.handleWritten?.(host, writtenIn(batch.writes))
}

/** The name of the check that was broken, or `held`. */
export function outcome(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof HistoryFailure) return error.check
    throw error
  }
  return 'held'
}
