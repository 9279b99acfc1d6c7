/** Two servers and a client that know each other, and what was written before. */

import { START, TestKey, World, type WorldNode } from './world.ts'

export function joined(options: { clientLimits?: object } = {}): {
  world: World
  a: WorldNode
  b: WorldNode
  client: WorldNode
} {
  const world = new World()
  const a = world.server()
  const b = world.server()
  const client = world.client({ limits: options.clientLimits ?? {} })
  b.connect(a)
  client.connect(a)
  world.run(500)
  return { world, a, b, client }
}

/** As if it had been written before anybody came. */
export function hold(node: WorldNode, key: string, value: unknown, time = START): void {
  const record = new TestKey('author').plain(key, value, { time })
  node.rows.set(key, { value: JSON.stringify(record), version: `v${value}` })
}
