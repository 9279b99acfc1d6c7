/** Nodes that encrypt, and whether they do. */

import type { NodeConfig } from '../../src/core/node/config.ts'
import type { WorldNode } from './world.ts'
import type { NodeOptions } from './world-node.ts'

export type Mode = NodeConfig['encryption']

export const mode = (encryption: Mode): NodeOptions => ({ config: { encryption } })
export const isEncrypted = (node: WorldNode): boolean[] => node.machine.peers().map(({ encrypted }) => encrypted)
