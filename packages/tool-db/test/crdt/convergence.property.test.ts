import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CounterCrdt } from '../../src/core/crdt/counter-crdt.ts'
import { ListCrdt } from '../../src/core/crdt/list-crdt.ts'
import { MapCrdt } from '../../src/core/crdt/map-crdt.ts'
import { wins } from '../../src/core/records/order.ts'
import type { WireRecord } from '../../src/core/records/record.ts'
import { TestKey, World, type WorldNode } from '../node/world.ts'
import { readCrdt, setRows } from './documents-world.ts'

const KINDS = {
  MAP: (author: string) => new MapCrdt<unknown>(author),
  LIST: (author: string) => new ListCrdt<unknown>(author),
  COUNTER: (author: string) => new CounterCrdt(author),
} as const
type Kind = keyof typeof KINDS
type Document = ReturnType<(typeof KINDS)[Kind]>

const step = fc.record({
  author: fc.nat(2),
  kind: fc.constantFrom<Kind>('MAP', 'LIST', 'COUNTER'),
  /** An ordinary value among the documents. */
  isPut: fc.boolean(),
  server: fc.nat(4),
  again: fc.option(fc.nat(4), { nil: undefined }),
  skew: fc.integer({ min: -3_600_000, max: 20_000 }),
  delay: fc.nat(400),
  wait: fc.nat(30),
  amount: fc.integer({ min: -5, max: 5 }),
  /** The whole history, or only what is new: both are how people write. */
  isWhole: fc.boolean(),
  deletes: fc.boolean(),
})

function change(document: Document, { amount, deletes }: { amount: number; deletes: boolean }): void {
  if (document instanceof MapCrdt) {
    if (deletes) document.DEL(`k${amount}`)
    else document.SET(`k${Math.abs(amount)}`, amount)
  } else if (document instanceof CounterCrdt) document.ADD(amount)
  else if (deletes && document.value.length > 0) document.DEL(Math.abs(amount) % document.value.length)
  else document.PUSH(amount)
}

test('[CR-22] any interleaving of puts, updates, duplicates, delays and clocks ends in one state on all servers, that of the model', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 24 }),
      fc.integer({ min: 2, max: 5 }),
      fc.nat(1_000),
      (steps, count, seed) => {
        const world = new World(seed + 1)
        const servers = Array.from({ length: count }, () => world.server())
        for (const server of servers.slice(1)) server.connect(servers[0] as WorldNode)
        world.run(3_000)
        const raws = servers.map((server) => world.raw(server).greet())
        const authors = ['one', 'two', 'three'].map((name) => new TestKey(name))
        const documents = authors.map(({ address }) => ({
          MAP: KINDS.MAP(address),
          LIST: KINDS.LIST(address),
          COUNTER: KINDS.COUNTER(address),
        }))
        let value: WireRecord | undefined
        const model = { MAP: KINDS.MAP(''), LIST: KINDS.LIST(''), COUNTER: KINDS.COUNTER('') }
        for (const each of steps) {
          const key = authors[each.author] as TestKey
          const time = world.now + each.skew
          const deliver = (record: WireRecord): void => {
            const send = (server: number): void => void raws[server % count]?.put(record)
            world.at(each.delay, () => send(each.server))
            const { again } = each
            if (again !== undefined) world.at(each.delay + each.wait * 10, () => send(again))
            world.run(each.wait)
          }
          if (each.isPut) {
            const record = key.plain('value', each.amount, { time })
            if (value === undefined || wins(record, value)) value = record
            deliver(record)
            continue
          }
          const document = (documents[each.author] as (typeof documents)[number])[each.kind] as Document
          const known = new Set(document.getChanges().map((old) => JSON.stringify(old)))
          change(document, each)
          const all = JSON.parse(JSON.stringify(document.getChanges())) as unknown[]
          const changes = each.isWhole ? all : all.filter((item) => !known.has(JSON.stringify(item)))
          model[each.kind].mergeChanges(changes as never)
          deliver(key.plain(`doc ${each.kind}`, changes, { time, type: each.kind }))
        }
        world.run(6_000)
        for (const [i, server] of servers.entries()) {
          raws[i]?.send({ type: 'get', id: 'model', to: [], key: 'value' })
          world.run(50)
          expect(raws[i]?.messages.findLast(({ id }) => id === 'model')?.['data']).toEqual(value)
          expect(server.held('value')).toEqual(value?.v)
        }
        for (const kind of ['MAP', 'LIST', 'COUNTER'] as const) {
          const rows = setRows(servers[0] as WorldNode, `doc ${kind}`).sort()
          for (const server of servers) {
            const answer = readCrdt(world, server, { key: `doc ${kind}`, crdt: KINDS[kind]('reader') })
            expect(JSON.stringify(answer.value)).toBe(JSON.stringify(model[kind].value))
            expect(setRows(server, `doc ${kind}`).sort()).toEqual(rows)
          }
        }
        for (const server of servers) expect(server.machine.stats()['now.lanes']).toBe(0)
      },
    ),
    { numRuns: 40 },
  )
}, 60_000)
