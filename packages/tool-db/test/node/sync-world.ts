/** Servers that catch up with each other, and what they hold. */

import type { World, WorldNode } from './world.ts'

export const sync = {}
export const DAY = 24 * 3_600_000

/** What stands in the store, rows of our own aside. */
export function records(node: WorldNode): Record<string, unknown> {
  const rows = [...node.rows].filter(([key]) => !key.startsWith('\u0000')).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(rows.map(([key, row]) => [key, JSON.parse(row.value)]))
}

export function itemRows(node: WorldNode): readonly string[] {
  return [...node.rows.keys()].filter((key) => key.startsWith('\u0000sync:')).sort()
}

export function stats(node: WorldNode): Readonly<Record<string, number>> {
  return node.machine.stats()
}

/** A server that wrote so much and was started again since: nothing waits to be sent. */
export function grown(world: World, count: number, prefix = 'k'): WorldNode {
  const before = world.server({ sync, key: `grown ${prefix}` })
  for (let i = 0; i < count; i++) before.put(`${prefix}${i}`, { i })
  world.run(1_000)
  return again(world, before)
}

export function again(world: World, before: WorldNode, given: { readonly horizon?: number } = sync): WorldNode {
  world.kill(before)
  const after = world.server({ sync: given, key: before.key.name, store: before.store })
  world.run(1_000)
  return after
}

export function apart(world: World, ...nodes: WorldNode[]): void {
  for (const a of nodes) for (const b of nodes) if (a !== b) world.cut(a, b)
  for (const node of nodes) world.silent.add(node.host)
}
