/** Two ends of a handshake in one process. */

import { type RandomSource, seededRandom, utf8 } from '@shoal/base'
import {
  type NoiseEngine,
  NoiseHandshake,
  type NoiseHandshakeInit,
  type NoiseSession,
  nobleEngine,
} from '../../src/index.ts'

export interface Pair {
  readonly initiator: NoiseHandshake
  readonly responder: NoiseHandshake
}

export const random: RandomSource = seededRandom(7)
export const engine: NoiseEngine = nobleEngine(random)

export function pair(
  initiator: Partial<NoiseHandshakeInit> = {},
  responder: Partial<NoiseHandshakeInit> = initiator,
): Pair {
  const common = { engine, prologue: utf8('a topic') }
  return {
    initiator: new NoiseHandshake({ ...common, staticKey: engine.keyPair(), ...initiator, role: 'initiator' }),
    responder: new NoiseHandshake({ ...common, staticKey: engine.keyPair(), ...responder, role: 'responder' }),
  }
}

/** Runs a handshake; `tamper` may change a message on its way. `undefined` where a message was not accepted. */
export function shake(
  { initiator, responder }: Pair,
  tamper: (message: Uint8Array, index: number) => Uint8Array = (message) => message,
): { readonly initiator: NoiseSession; readonly responder: NoiseSession } | undefined {
  for (let i = 0; i < 3; i++) {
    const [from, to] = i % 2 === 0 ? [initiator, responder] : [responder, initiator]
    const written = from.write(utf8(`payload ${i}`))
    if (written === undefined || to.read(tamper(written, i)) === undefined) return undefined
  }
  return { initiator: initiator.finish(), responder: responder.finish() }
}
