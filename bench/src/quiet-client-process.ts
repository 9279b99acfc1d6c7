/** The `shoal` command in a process of virtual time, its DHT queries counted as they leave the socket. */
import { Socket } from 'node:dgram'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { answerRequests, childOptions } from './child.ts'
import { ROOT } from './shoal-process.ts'
import { VirtualTime } from './virtual-time.ts'

const { command } = childOptions<{ command: readonly string[] }>()
const IS_QUERY = Buffer.from('1:y1:q')

let queries = 0
const send = Socket.prototype.send
Socket.prototype.send = function (this: Socket, ...args: unknown[]) {
  const [message] = args
  if (message instanceof Uint8Array && Buffer.from(message).includes(IS_QUERY)) queries++
  return Reflect.apply(send, this, args)
} as typeof send

const time = new VirtualTime()
time.install()
answerRequests({
  advance: (ms: number) => time.advance(ms),
  queries: () => queries,
})
process.argv = [process.execPath, 'shoal', ...command]
// It ends when the command does, and nothing of it happens before time advances.
await import(pathToFileURL(join(ROOT, 'packages/shoal/bin/shoal.js')).href)
