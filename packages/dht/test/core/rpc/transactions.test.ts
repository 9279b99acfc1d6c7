import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { addressOf } from '../../../src/core/id/address.ts'
import { type Transaction, Transactions } from '../../../src/core/rpc/transactions.ts'

const NODE = { host: '45.0.1.7', port: 6_881 }
const to = addressOf(NODE, 'ipv4') ?? { ...NODE, key: '' }
const INIT = { to, query: { method: 'ping' }, purpose: 'p', patience: 200, delay: 0 } as const

function world(inFlightMax = 100): Transactions<string> {
  return new Transactions<string>(seededRandom(1), inFlightMax)
}

function started(transactions: Transactions<string>, now = 0): Transaction<string> {
  const transaction = transactions.start(now, INIT)
  if (transaction === undefined) throw new Error('refused')
  return transaction
}

test('[D-50] an answer counts once, from the endpoint that was asked, under its transaction id', () => {
  const transactions = world()
  const { id } = started(transactions)
  expect(id).toHaveLength(4)
  expect(transactions.take(id, { ...NODE, port: 1 })).toBeUndefined()
  expect(transactions.take(id, { ...NODE, host: '45.0.1.8' })).toBeUndefined()
  expect(transactions.take('none', NODE)).toBeUndefined()
  expect(transactions.take(id, NODE)?.id).toBe(id)
  expect(transactions.take(id, NODE)).toBeUndefined()
})

test('[D-51] a query stalls, is overdue, and is given up, each in its time', () => {
  const transactions = world()
  started(transactions, 1_000)
  const phases: [number, string][] = []
  for (let at = transactions.nextAt(); at !== undefined; at = transactions.nextAt()) {
    expect(transactions.takeDue(at - 1)).toBeUndefined()
    phases.push([at - 1_000, transactions.takeDue(at)?.phase ?? 'none'])
  }
  expect(phases).toEqual([
    [200, 'stalled'],
    [600, 'overdue'],
    [1_500, 'timed-out'],
  ])
  expect(transactions.size).toBe(0)
})

test('[D-52] an answer between stalling and giving up still counts', () => {
  const transactions = world()
  const { id } = started(transactions)
  expect(transactions.takeDue(200)?.phase).toBe('stalled')
  expect(transactions.take(id, NODE)?.id).toBe(id)
  expect(transactions.nextAt()).toBeUndefined()
})

test('[D-53] queries in flight are bounded', () => {
  const transactions = world(10)
  for (let i = 0; i < 10; i++) started(transactions)
  expect(transactions.start(0, INIT)).toBeUndefined()
  expect(transactions.size).toBe(10)
})

test('[D-54] a paced query is sent when its turn comes, and cannot be answered before', () => {
  const transactions = world()
  const transaction = transactions.start(0, { ...INIT, delay: 500 })
  expect(transaction?.phase).toBe('paced')
  expect(transactions.take(transaction?.id ?? '', NODE)).toBeUndefined()
  expect(transactions.takeDue(499)).toBeUndefined()
  expect(transactions.takeDue(500)).toMatchObject({ phase: 'waiting', sentAt: 500 })
  expect(transactions.nextAt()).toBe(700)
})

test('[D-53] what nobody waits for any more is forgotten', () => {
  const transactions = world()
  started(transactions)
  transactions.cancel((purpose) => purpose === 'other')
  expect(transactions.size).toBe(1)
  transactions.cancel((purpose) => purpose === 'p')
  expect([transactions.size, transactions.nextAt()]).toEqual([0, undefined])
})
