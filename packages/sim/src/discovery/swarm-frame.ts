/**
 * What servers and clients of a topic say to each other here: as many round trips as the real thing takes (the connection, its upgrade,
 * the greeting, the proof), without its signatures, which are tried elsewhere. Read as remote input all the same.
 */

import { type Endpoint, isPort } from '@shoal/base'

/** As many as a pong of ours names. */
export const SERVERS_PER_FRAME_MAX = 32

export type SwarmFrame =
  | { readonly kind: 'upgrade' | 'upgraded' | 'proof' | 'ping' }
  /** `port`: where the speaker listens, where it is a server. */
  | { readonly kind: 'hello'; readonly topic: string; readonly peerId: string; readonly port: number | undefined }
  | { readonly kind: 'servers'; readonly servers: readonly Endpoint[] }

export function writeFrame(frame: SwarmFrame): string {
  return JSON.stringify(frame)
}

/** `undefined` where it is none. */
export function readFrame(text: string | Uint8Array): SwarmFrame | undefined {
  const frame = typeof text === 'string' ? parsed(text) : undefined
  if (frame === undefined) return undefined
  switch (frame['kind']) {
    case 'upgrade':
    case 'upgraded':
    case 'proof':
    case 'ping':
      return { kind: frame['kind'] }
    case 'hello': {
      const { topic, peerId, port } = frame
      if (typeof topic !== 'string' || typeof peerId !== 'string') return undefined
      return { kind: 'hello', topic, peerId, port: isPort(port) ? port : undefined }
    }
    case 'servers': {
      const servers = Array.isArray(frame['servers']) ? frame['servers'] : []
      return { kind: 'servers', servers: servers.slice(0, SERVERS_PER_FRAME_MAX).filter(isEndpoint) }
    }
    default:
      return undefined
  }
}

function parsed(text: string): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function isEndpoint(value: unknown): value is Endpoint {
  const { host, port } = (value ?? {}) as Partial<Record<string, unknown>>
  return typeof host === 'string' && isPort(port)
}
