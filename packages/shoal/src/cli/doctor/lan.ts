/** Do packets to everybody on the local network leave this machine? Where they do, one sent here comes back to us. */

import { createSocket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import { type Check, failed, passed, untried } from './check.ts'

const NAME = 'LAN'
/** The group of multicast DNS (RFC 6762), on a port of our own: nobody else is disturbed. */
const GROUP = '224.0.0.251'
const WAIT_MS = 1_000

export interface LanTrial {
  readonly interface: string
  readonly heard: boolean
}

export function judgeLan(trials: readonly LanTrial[]): Check {
  if (trials.length === 0) return untried(NAME, 'this machine has no IPv4 address on a local network')
  const heard = trials.filter((trial) => trial.heard).map((trial) => trial.interface)
  if (heard.length > 0) return passed(NAME, `multicast works on ${heard.join(', ')}`)
  return failed(
    NAME,
    `multicast does not work on ${trials.map((trial) => trial.interface).join(', ')}`,
    'let UDP to 224.0.0.251 through the firewall of this machine (port 5353), or do without peers on the local network',
  )
}

export async function checkLan(signal: AbortSignal): Promise<Check> {
  const places = Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
    const own = (addresses ?? []).find(({ family, internal }) => family === 'IPv4' && !internal)
    return own === undefined ? [] : { name, address: own.address }
  })
  return judgeLan(
    await Promise.all(
      places.map(async ({ name, address }) => ({ interface: name, heard: await hearsItself(address, signal) })),
    ),
  )
}

function hearsItself(address: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4' })
    const word = Buffer.from(`shoal doctor ${process.pid} ${address}`)
    const timer = setTimeout(() => end(false), WAIT_MS)
    const onAbort = (): void => end(false)
    const end = (heard: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.removeAllListeners('message')
      try {
        socket.close()
      } catch {
        // Closed already.
      }
      resolve(heard)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', () => end(false))
    socket.on('message', (packet) => {
      if (packet.equals(word)) end(true)
    })
    socket.bind(0, () => {
      try {
        socket.addMembership(GROUP, address)
        socket.setMulticastInterface(address)
        socket.setMulticastLoopback(true)
        // Not beyond this link.
        socket.setMulticastTTL(1)
        socket.send(word, socket.address().port, GROUP, (error) => {
          if (error !== null) end(false)
        })
      } catch {
        end(false)
      }
    })
  })
}
