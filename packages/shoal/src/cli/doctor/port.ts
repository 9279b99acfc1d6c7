/** Can a server listen on its port here, and is there an address that leads out of this machine? */

import { createServer } from 'node:net'
import { type Check, failed, passed } from './check.ts'

const NAME = 'port'

export async function checkPort(port: number, bind: string | undefined): Promise<Check> {
  const code = await tryToListen(port, bind)
  const where = port === 0 ? 'any free port' : `port ${port}`
  switch (code) {
    case undefined:
      return passed(NAME, `a server can listen on ${where}`)
    case 'EADDRINUSE':
      return failed(
        NAME,
        `${where} is taken (by a server that runs already?)`,
        'stop what listens there, or choose another port with --port',
      )
    case 'EACCES':
      return failed(NAME, `${where} needs more rights`, 'choose a port above 1023 with --port')
    case 'EADDRNOTAVAIL':
      return failed(NAME, `this machine does not have the address ${bind}`, 'give one of its own with --bind')
    default:
      return failed(NAME, `${where} can't be listened on (${code})`, 'choose another port with --port')
  }
}

function tryToListen(port: number, bind: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ port, ...(bind === undefined ? {} : { host: bind }) }, () => server.close(() => resolve(undefined)))
  })
}
