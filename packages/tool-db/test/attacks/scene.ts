/** What the attacks share: a server under attack, an author to be wronged, and a shoal client that is told each refusal's code. */

import type { Message } from '../../src/core/wire/message.ts'
import { TestKey, World, type WorldNode } from '../node/world.ts'
import type { NodeOptions } from '../node/world-node.ts'

export interface Scene {
  readonly world: World
  readonly server: WorldNode
  readonly victim: TestKey
  /** Sends a message as a connected shoal client; gives the code of the ack. */
  ask(message: object): string | undefined
  put(data: object): string | undefined
  /** A count of the server's. */
  count(name: string): number
}

export function scene(options: NodeOptions = {}): Scene {
  const world = new World()
  const server = world.server(options)
  const client = world.client()
  client.connect(server)
  world.run(300)
  let asked = 0
  const ask = (message: object): string | undefined => {
    const id = `asked-${asked++}`
    client.input((machine) => machine.sendText(server.machine.clientId, JSON.stringify({ id, to: [], ...message })))
    world.run(100)
    const isAnswer = (answer: Message): boolean => answer.type === 'ack' && answer.id === id
    const answer = client.eventsOf('message').find(({ message: each }) => isAnswer(each))?.message
    return answer?.type === 'ack' ? answer.code : undefined
  }
  return {
    world,
    server,
    victim: new TestKey('victim'),
    ask,
    put: (data) => ask({ type: 'put', data }),
    count: (name) => server.machine.stats()[name] ?? 0,
  }
}
