import { seededRandom } from '@shoal/base'
import { beforeEach, describe, expect, test } from 'vitest'
import { addressOf, type NodeAddress } from '../../../src/core/id/address.ts'
import { randomNodeId, randomNodeIdNear } from '../../../src/core/id/node-id.ts'
import { NAT_LIFETIME_MS } from '../../../src/core/routing/contact.ts'
import { K, RoutingTable } from '../../../src/core/routing/routing-table.ts'
import { bootstrap, swarm, type World, type WorldNode } from '../../world.ts'

const MINUTE = 60_000

describe('in the table', () => {
  const random = seededRandom(5)
  const own = randomNodeId(random)
  let table: RoutingTable
  let next = 0

  function somewhere(): NodeAddress {
    next++
    const address = addressOf({ host: `45.${next >> 8}.${next & 0xff}.1`, port: 1 }, 'ipv4')
    if (address === undefined) throw new Error('bad endpoint')
    return address
  }

  function insert(bits: number, isCaller: boolean, now = 0): NodeAddress {
    const address = somewhere()
    table.insert(now, randomNodeIdNear(own, bits, true, random), address, { isCaller })
    return address
  }

  beforeEach(() => {
    table = new RoutingTable(own, { onePerHost: true, isSecure: () => true })
    // With another bucket before it, that of prefix length 0 does not split any more.
    for (let i = 0; i < K; i++) insert(1, false)
  })

  test('[D-73] a caller is proven once it answers what we ask after three minutes of silence', () => {
    const address = insert(0, true)
    const contact = table.at(address)
    if (contact === undefined) throw new Error('no contact')
    expect(contact.isProven).toBe(false)
    table.insert(MINUTE, contact.id, address, { askedAt: MINUTE, isCaller: true })
    expect(contact.isProven).toBe(false)
    expect(contact.isToBeProven(MINUTE + NAT_LIFETIME_MS - 1)).toBe(false)
    expect(contact.isToBeProven(MINUTE + NAT_LIFETIME_MS)).toBe(true)
    // Asked too soon, answered late enough: the NAT may still have been open when our question came.
    table.insert(MINUTE + NAT_LIFETIME_MS, contact.id, address, { askedAt: MINUTE + NAT_LIFETIME_MS - 1 })
    expect(contact.isProven).toBe(false)
    const later = MINUTE + 2 * NAT_LIFETIME_MS
    table.insert(later + 100, contact.id, address, { askedAt: later })
    expect(contact.isProven).toBe(true)
    expect(contact.isToBeProven(later + NAT_LIFETIME_MS)).toBe(false)
  })

  test('[D-74] in a full bucket one that is proven takes the place of one that is not, which then waits', () => {
    const callers = Array.from({ length: K }, () => insert(0, true))
    expect(table.hasRoomFor(0, randomNodeIdNear(own, 0, true, random), true)).toBe(false)
    expect(table.hasRoomFor(0, randomNodeIdNear(own, 0, true, random))).toBe(true)
    expect(table.at(insert(0, true))).toBeUndefined()
    for (let i = 0; i < K; i++) expect(table.at(insert(0, false))).toBeDefined()
    expect(callers.filter((address) => table.at(address) !== undefined)).toEqual([])
    expect(table.hasRoomFor(0, randomNodeIdNear(own, 0, true, random))).toBe(false)
  })

  test('[D-74] a free place goes to a replacement that is proven before one that is fresher', () => {
    const first = insert(0, false)
    for (let i = 1; i < K; i++) insert(0, false)
    const proven = insert(0, false)
    const caller = insert(0, true)
    const contact = table.at(first)
    if (contact === undefined) throw new Error('no contact')
    table.fail(contact, false)
    expect(table.at(proven)).toBeDefined()
    expect(table.at(caller)).toBeUndefined()
  })

  test('[D-74] of contacts in one bucket the proven are handed out first', () => {
    for (let i = 0; i < K; i++) insert(0, i % 2 === 0)
    const told = table.closest(randomNodeIdNear(own, 0, true, random), 4)
    expect(told.map((contact) => contact.isProven)).toEqual([true, true, true, true])
  })
})

describe('in a network', () => {
  function knows(node: WorldNode, other: WorldNode): boolean {
    return [...node.engine.contacts()].some(({ address }) => address.host === other.endpoint.host)
  }

  /** Twelve nodes that have been there for long, and one behind a NAT that calls on them all. */
  function called(seed: number): { world: World; nodes: readonly WorldNode[]; guarded: WorldNode } {
    const { world, nodes } = swarm(12, { seed })
    world.advance(20 * MINUTE)
    const guarded = world.add()
    guarded.isBehindNat = true
    bootstrap(world, guarded, nodes.slice(0, 3))
    world.advance(1_000)
    return { world, nodes, guarded }
  }

  test('[D-73] who called on us and is behind a NAT is no contact any more soon after that has forgotten us', () => {
    const { world, nodes, guarded } = called(91)
    expect(nodes.filter((node) => knows(node, guarded)).length).toBeGreaterThan(6)
    // It says nothing more, so that nothing holds its NAT open.
    world.kill(guarded)
    world.advance(5 * MINUTE)
    expect(nodes.filter((node) => knows(node, guarded))).toEqual([])
  })

  test('[D-73] whoever called on us and is reached stays', () => {
    const { world, nodes } = swarm(12, { seed: 92 })
    const newcomer = world.add()
    bootstrap(world, newcomer, nodes.slice(0, 3))
    world.advance(10 * MINUTE)
    expect(nodes.filter((node) => knows(node, newcomer)).length).toBeGreaterThan(6)
  })

  test('[D-75] who was out of reach is not taken again within the hour, however often it calls', () => {
    const { world, nodes, guarded } = called(93)
    const met = nodes.filter((node) => knows(node, guarded))
    expect(met.length).toBeGreaterThan(6)
    guarded.isAlive = false
    for (let second = 0; second < 300; second++) {
      // Whoever hears nobody at all looks for the fault at home.
      for (const node of nodes) world.run(node, (engine, now) => engine.ping(now, (nodes[0] as WorldNode).endpoint))
      world.advance(1_000)
    }
    guarded.isAlive = true
    for (let i = 0; i < 3; i++) {
      bootstrap(world, guarded, nodes.slice(0, 3))
      world.advance(5_000)
    }
    expect(met.filter((node) => knows(node, guarded))).toEqual([])
  })

  test('[D-73] on a private network, where no NATs are, every contact is proven', () => {
    const { world, nodes } = swarm(6, { seed: 94, engine: { network: 'private' } })
    world.advance(MINUTE)
    const contacts = nodes.flatMap((node) => [...node.engine.contacts()])
    expect(contacts.length).toBeGreaterThan(20)
    expect(contacts.every(({ isProven }) => isProven)).toBe(true)
  })
})
