/** Binds the places of a node, on one port if that can be. */

import type { Endpoint, ShoalError } from '@shoal/base'
import { BindError, PortTakenError } from '../errors.ts'
import type { Place } from '../places.ts'

interface Listener {
  readonly place: Place
  open(port: number): Promise<Endpoint>
}

/** Those that are bound now. Rejects with what went wrong where one that is needed is not, or none is. */
export async function listenAll<T extends Listener>(listeners: readonly T[], port: number): Promise<readonly T[]> {
  const bound: T[] = []
  const missing: ShoalError[] = []
  let wanted = port
  for (const listener of listeners) {
    try {
      const endpoint = await open(listener, wanted, port === 0)
      wanted ||= endpoint.port
      bound.push(listener)
    } catch (error) {
      // A machine without the other family, or a name that has no address of it, is no failure.
      if (!(listener.place.isOptional && error instanceof BindError)) throw error
      missing.push(error)
    }
  }
  const [first] = missing
  if (bound.length === 0 && first !== undefined) throw first
  return bound
}

/** Where the port was ours to choose, another will do. */
async function open(listener: Listener, port: number, isAnyPort: boolean): Promise<Endpoint> {
  try {
    return await listener.open(port)
  } catch (error) {
    if (isAnyPort && port !== 0 && error instanceof PortTakenError) return listener.open(0)
    throw error
  }
}
