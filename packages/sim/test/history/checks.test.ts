import { expect, test } from 'vitest'
import { Acknowledged } from '../../src/history/checks/acknowledged.ts'
import { Confirmations } from '../../src/history/checks/confirmations.ts'
import { Connected } from '../../src/history/checks/connected.ts'
import { Documents } from '../../src/history/checks/documents.ts'
import { EndedUnseen } from '../../src/history/checks/ended-unseen.ts'
import { FrozenNames } from '../../src/history/checks/frozen-names.ts'
import { GenuineRecords } from '../../src/history/checks/genuine-records.ts'
import { NewestTold } from '../../src/history/checks/newest-told.ts'
import { ReadsForward } from '../../src/history/checks/reads-forward.ts'
import { ReplicasEqual } from '../../src/history/checks/replicas-equal.ts'
import { outcome, scene } from './scene.ts'

const GET = { kind: 'get', key: 'a' } as const

test('[H-2] an acknowledgement of what is not on the disk is found', () => {
  const { server, client, record, writes, acknowledges } = scene((parts) => new Acknowledged(parts))
  const [first, second] = [record(client, { k: 'a', v: 1 }), record(client, { k: 'a', v: 2, t: 1 })]
  writes(server, first)
  expect(outcome(() => acknowledges(server, first))).toBe('held')
  expect(outcome(() => acknowledges(server, second))).toBe('ack-means-stored')
  writes(server, second)
  expect(outcome(() => acknowledges(server, first))).toBe('held')
})

test('[H-2] a put that resolves and is not stored where it was made is found', () => {
  const { client, record, completes } = scene((parts) => new Acknowledged(parts))
  const data = record(client, { k: 'a', v: 1 })
  const result = {
    kind: 'put',
    message: { type: 'put', id: '1', to: [], data },
    sent: 0,
    confirmed: 0,
    refused: 0,
    isWaiting: true,
  } as const
  const does = { kind: 'put', key: 'a', value: 1, confirm: 0 } as const
  expect(outcome(() => completes({ host: client, does, result }))).toBe('ack-means-stored')
})

test('[H-1] an acknowledged value that an older one replaces, or that is gone, is found', () => {
  const { server, check, client, record, writes, drops, acknowledges, settles } = scene(
    (parts) => new Acknowledged(parts),
  )
  const [older, newer] = [record(client, { k: 'a', v: 1 }), record(client, { k: 'a', v: 2, t: 1 })]
  writes(server, newer)
  acknowledges(server, newer)
  expect(outcome(settles)).toBe('held')
  expect(outcome(() => writes(server, older))).toBe('acked-writes')
  drops(server, 'a')
  expect(outcome(settles)).toBe('acked-writes')
  expect(outcome(() => check.handleStopped?.(server, 'process'))).toBe('acked-writes')
})

test('[H-1] what a loss of power may take, and what another disk never had, is no loss', () => {
  const { server, check, client, record, writes, drops, acknowledges, settles } = scene(
    (parts) => new Acknowledged(parts),
  )
  const made = record(client, { k: 'a', v: 1 })
  writes(server, made)
  acknowledges(server, made)
  drops(server, 'a')
  expect(outcome(() => check.handleStopped?.(server, 'power'))).toBe('held')
  expect(outcome(settles)).toBe('held')
  writes(server, made)
  acknowledges(server, made)
  server.loseDisk()
  expect(outcome(settles)).toBe('held')
})

test('[H-3] a deletion that an older value displaces is found', () => {
  const { server, client, record, writes } = scene((parts) => new Acknowledged(parts))
  const value = record(client, { k: 'a', v: 1 })
  const deletion = { ...record(client, { k: 'a', v: null, t: 1, c: 'DEL' }), n: `2.0.${'0'.repeat(64)}` }
  writes(server, deletion)
  expect(outcome(() => writes(server, value))).toBe('deletes-stay')
})

test('[H-4] a read behind an earlier one, or behind an own write, is found; in another session it may be', () => {
  const { client, record, completes } = scene((parts) => new ReadsForward(parts))
  const [older, newer] = [record(client, { k: 'a', v: 1 }), record(client, { k: 'a', v: 2, t: 1 })]
  const read = (found: typeof older | undefined, session = 'client 0') =>
    outcome(() =>
      completes({ host: client, session, does: GET, result: { kind: 'get', record: found, complete: true } }),
    )
  expect(read(undefined)).toBe('held')
  expect(read(older)).toBe('held')
  expect(read(newer)).toBe('held')
  expect(read(older)).toBe('reads-forward')
  expect(read(undefined)).toBe('reads-forward')
  expect(read(older, 'client 1')).toBe('held')
  const result = {
    kind: 'put',
    message: { type: 'put', id: '1', to: [], data: newer },
    sent: 1,
    confirmed: 0,
    refused: 0,
    isWaiting: true,
  } as const
  const does = { kind: 'put', key: 'a', value: 2, confirm: 0 } as const
  completes({ host: client, session: 'client 1', does, result })
  expect(read(older, 'client 1')).toBe('reads-forward')
})

test('[H-4] a listener that is shown an older record after a newer one is found', () => {
  const { client, check, record } = scene((parts) => new ReadsForward(parts))
  const show = (t: number) =>
    check.handleEvent?.(client, { kind: 'notify', listener: 0, record: record(client, { k: 'a', v: t, t }) })
  show(1)
  expect(outcome(() => show(2))).toBe('held')
  expect(outcome(() => show(1))).toBe('reads-forward')
})

const counterChange = (a: string, i: number) => ({ t: 'ADD', v: 1, a, i })

test('[H-5] an acknowledged change that is not there, and one that a reader no longer sees, is found', () => {
  const { server, client, record, writes, acknowledges, completes } = scene((parts) => new Documents(parts))
  const { address } = client.user
  const [one, two] = [counterChange(address, 0), counterChange(address, 1)]
  const set = record(client, { k: 'd', v: [one], c: 'COUNTER' })
  writes(server, set, `\u0000crdt:1:d:${address.length}:${address}:${set.h}:COUNTER`)
  expect(outcome(() => acknowledges(server, set))).toBe('held')
  const more = record(client, { k: 'd', v: [one, two], c: 'COUNTER' })
  expect(outcome(() => acknowledges(server, more))).toBe('documents')
  const read = (changes: readonly unknown[]) =>
    outcome(() =>
      completes({
        host: client,
        does: { kind: 'read-document', key: 'd', document: 'COUNTER' },
        result: { kind: 'crdt-get', sets: [{ hash: 'x', changes }], unsigned: [], complete: true },
      }),
    )
  expect(read([one])).toBe('held')
  expect(read([one, two])).toBe('held')
  expect(read([two])).toBe('documents')
})

test('[H-6] a record that nobody wrote is found where it is kept, handed on, shown or read', () => {
  const { server, client, check, record, writes, completes } = scene((parts) => new GenuineRecords(parts))
  const genuine = record(client, { k: 'a', v: 1 })
  const forged = { ...genuine, v: 2 }
  const said = (made: typeof genuine) =>
    outcome(() => check.handleSaid?.(server, 1, { type: 'record', id: '1', records: [made] }))
  const read = (made: typeof genuine) =>
    outcome(() => completes({ host: client, does: GET, result: { kind: 'get', record: made, complete: true } }))
  expect([outcome(() => writes(server, genuine)), said(genuine), read(genuine)]).toEqual(['held', 'held', 'held'])
  const found = [outcome(() => writes(server, forged)), said(forged), read(forged)]
  expect(found).toEqual(['genuine-records', 'genuine-records', 'genuine-records'])
  const shown = outcome(() => check.handleEvent?.(client, { kind: 'notify', listener: 0, record: forged }))
  expect(shown).toBe('genuine-records')
})

test('[H-7] a name that goes to a later claim than the one that was acknowledged is found', () => {
  const { server, client, other, record, writes, acknowledges } = scene((parts) => new FrozenNames(parts))
  const [early, late] = [record(client, { k: '==n', v: 1 }), record(other, { k: '==n', v: 2, t: 1 })]
  writes(server, early)
  expect(outcome(() => acknowledges(server, early))).toBe('held')
  expect(outcome(() => writes(server, late))).toBe('frozen-names')
})

test('[H-8] servers that hold different records are found', () => {
  const { server, other, client, record, writes, settles } = scene((parts) => new ReplicasEqual(parts))
  const [older, newer] = [record(client, { k: 'a', v: 1 }), record(client, { k: 'a', v: 2, t: 1 })]
  writes(server, newer)
  expect(outcome(settles)).toBe('replicas-equal')
  writes(other, older)
  expect(outcome(settles)).toBe('replicas-equal')
  writes(other, newer)
  expect(outcome(settles)).toBe('held')
})

test('[H-9] a subscriber that was not told of the newest is found', () => {
  const { server, other, client, check, record, writes, settles } = scene((parts) => new NewestTold(parts))
  const newest = record(server, { k: 'a', v: 2 })
  writes(server, newest)
  writes(other, newest)
  expect(outcome(settles)).toBe('held')
  check.handleInvoked?.({
    step: 0,
    host: client,
    session: 'client 0',
    does: { kind: 'subscribe', key: 'a' },
    invokedAt: 0,
  })
  expect(outcome(settles)).toBe('newest-told')
  writes(client, newest)
  expect(outcome(settles)).toBe('held')
})

test('[H-10] who is not connected again is found', () => {
  const { settles } = scene((parts) => new Connected(parts))
  expect(outcome(settles)).toBe('connected')
})

test('[H-11] a count of confirmations above those that were given is found', () => {
  const { server, client, record, acknowledges, completes } = scene((parts) => new Confirmations(parts))
  const data = record(client, { k: 'a', v: 1 })
  acknowledges(server, data, 'message')
  const complete = (confirmed: number) =>
    outcome(() =>
      completes({
        host: client,
        does: { kind: 'put', key: 'a', value: 1, confirm: confirmed },
        result: {
          kind: 'put',
          message: { type: 'put', id: 'message', to: [], data },
          sent: 2,
          confirmed,
          refused: 0,
          isWaiting: false,
        },
      }),
    )
  expect(complete(1)).toBe('held')
  expect(complete(2)).toBe('confirmations')
})

test('[H-12] a value that is read after its end is found', () => {
  const { client, record, completes } = scene((parts) => new EndedUnseen(parts))
  const made = record(client, { k: 'lent', v: 1 })
  const end = client.host.clock.shows(1_000)
  const lent = { ...made, n: `2.0.${'0'.repeat(64)}.${end}` }
  const read = (completedAt: number, found: typeof made = lent) =>
    outcome(() =>
      completes({ host: client, completedAt, does: GET, result: { kind: 'get', record: found, complete: true } }),
    )
  expect(read(999)).toBe('held')
  expect(read(1_000)).toBe('ended-unseen')
  expect(read(1_000, made)).toBe('held')
})
