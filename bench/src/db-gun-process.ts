/**
 * npm gun with the requests of db-peer-process: a server that keeps its files and checks what users signed, or a client
 * that is a user of its SEA and writes into its own graph. Its client keeps nothing, so that each acknowledgement is the server's.
 */

import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { answerRequests, childOptions } from './child.ts'

interface Ack {
  readonly err?: unknown
}

/** The part of its API that is used; its own types are not of its ES module. */
interface Chain {
  get(key: string): Chain
  put(value: string, then: (ack: Ack) => void): Chain
  once(then: (value: unknown) => void): Chain
}

interface User extends Chain {
  create(name: string, password: string, then: (ack: Ack) => void): void
}

interface Gun {
  user(): User
}

const { port, server } = childOptions<{ port: number; server: boolean }>()
const require = createRequire(import.meta.url)
const make = require('gun') as (options: object) => Gun
require('gun/sea')

const common = { multicast: false, axe: false, stats: false }
const gun = server
  ? make({ ...common, web: createServer().listen(port, '127.0.0.1'), file: 'gun' })
  : make({ ...common, peers: [`http://127.0.0.1:${port}/gun`], radisk: false, localStorage: false })
const user = server ? undefined : gun.user()

let stored = 0

async function putOne(key: string, value: object): Promise<void> {
  const ack = await new Promise<Ack>((resolve) => user?.get(key).put(JSON.stringify(value), resolve))
  if (ack.err) throw new Error(String(ack.err))
  stored++
}

answerRequests({
  ready: () =>
    new Promise<void>((resolve, reject) => {
      if (user === undefined) return resolve()
      user.create(`bench-${process.pid}`, 'a password', (ack) =>
        ack.err ? reject(new Error(String(ack.err))) : resolve(),
      )
    }),
  /** Its client waits for the server's acknowledgements. */
  take: () => undefined,
  put: async ({ prefix, count, outstanding }: { prefix: string; count: number; outstanding: number }) => {
    let next = 0
    const writer = async (): Promise<void> => {
      while (next < count) {
        const i = next++
        await putOne(`${prefix}-${i}`, { i, text: 'a value of some fifty bytes, as a chat message is' })
      }
    }
    await Promise.all(Array.from({ length: outstanding }, writer))
  },
  /** What it acknowledged, it was asked to store; its files are not read. */
  stored: ({ count }: { count: number }) => (server ? count : stored),
})
