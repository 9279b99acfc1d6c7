/** CRDT documents of nodes in the world of test/node: what the face does with a document, as commands of the node. */

import type { BaseCrdt } from '../../src/core/crdt/base-crdt.ts'
import type { CommandResult } from '../../src/core/node/commands.ts'
import type { World, WorldNode } from '../node/world.ts'

interface Pending {
  readonly result: CommandResult | undefined
}

export function putCrdt(
  node: WorldNode,
  key: string,
  crdt: BaseCrdt,
  options: { confirm?: number | 'all' } = {},
): Pending {
  const author = { signer: 'user', address: node.user.address }
  const { type } = crdt
  const { confirm = 0 } = options
  return node.command({ kind: 'crdt-put', key, type, changes: crdt.getChanges(), author, confirm, timeout: 5_000 })
}

/** Merges what the node has and gets; lets the time pass that it takes. */
export function readCrdt<C extends BaseCrdt>(world: World, node: WorldNode, wish: { key: string; crdt: C }): C {
  const { key, crdt } = wish
  const got = node.command({ kind: 'crdt-get', key, type: crdt.type, known: new Set(), timeout: 1_000 })
  world.run(2_000)
  if (got.result?.kind !== 'crdt-get') throw new Error(`no document: ${JSON.stringify(got.result)}`)
  crdt.mergeChanges([...got.result.unsigned])
  for (const { changes } of got.result.sets) crdt.mergeChanges([...changes])
  return crdt
}

/** Rows that hold signed sets under a key. */
export function setRows(node: WorldNode, key: string): string[] {
  return [...node.rows.keys()].filter((row) => row.startsWith(`\u0000crdt:${key.length}:${key}:`))
}
