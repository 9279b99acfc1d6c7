/** The published test vectors of Noise, as tests that any engine can run. */

import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@shoal/base'
import { expect, test } from 'vitest'
import { type NoiseEngine, NoiseHandshake, type PreSharedKey } from '../../src/index.ts'

interface Vector {
  readonly source: string
  readonly protocol_name: string
  readonly init_prologue: string
  readonly init_psks?: readonly string[]
  readonly init_static: string
  readonly init_ephemeral: string
  readonly resp_prologue: string
  readonly resp_psks?: readonly string[]
  readonly resp_static: string
  readonly resp_ephemeral: string
  readonly handshake_hash?: string
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
}

const file = new URL('../../../../vectors/noise-xx.json', import.meta.url)
export const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] }
const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array

export function knownAnswers(name: string, engine: NoiseEngine): void {
  for (const vector of vectors) {
    const maker = vector.source.split(' ')[0]
    test(`[E-1] ${name}: ${vector.protocol_name} of ${maker}, every message, the hash and what follows`, () => {
      const [initiator, responder] = sides(engine, vector)
      for (const [i, message] of vector.messages.slice(0, 3).entries()) {
        const [from, to] = i % 2 === 0 ? [initiator, responder] : [responder, initiator]
        const written = from.write(bytes(message.payload)) as Uint8Array
        expect(toHex(written)).toBe(message.ciphertext)
        expect(toHex(to.read(written) as Uint8Array)).toBe(message.payload)
      }
      const [a, b] = [initiator.finish(), responder.finish()]
      expect(toHex(a.handshakeHash)).toBe(toHex(b.handshakeHash))
      if (vector.handshake_hash !== undefined) expect(toHex(a.handshakeHash)).toBe(vector.handshake_hash)
      for (const [i, message] of vector.messages.slice(3).entries()) {
        const [from, to] = i % 2 === 0 ? [b, a] : [a, b]
        const out = new Uint8Array(message.ciphertext.length / 2)
        from.sending.seal(bytes(message.payload), out)
        expect(toHex(out)).toBe(message.ciphertext)
        const opened = new Uint8Array(out.length - 16)
        expect(to.receiving.open(out, opened)).toBe(true)
        expect(toHex(opened)).toBe(message.payload)
      }
    })
  }
}

function sides(engine: NoiseEngine, vector: Vector): readonly [NoiseHandshake, NoiseHandshake] {
  const positions = [...vector.protocol_name.matchAll(/psk(\d)/g)].map(([, digit]) => Number(digit))
  const keys = (of: readonly string[] | undefined): PreSharedKey[] =>
    (of ?? []).map((key, i) => ({ position: positions[i] as PreSharedKey['position'], key: bytes(key) }))
  return [
    new NoiseHandshake({
      engine,
      role: 'initiator',
      prologue: bytes(vector.init_prologue),
      staticKey: engine.keyPair(bytes(vector.init_static)),
      ephemeralKey: engine.keyPair(bytes(vector.init_ephemeral)),
      preSharedKeys: keys(vector.init_psks),
    }),
    new NoiseHandshake({
      engine,
      role: 'responder',
      prologue: bytes(vector.resp_prologue),
      staticKey: engine.keyPair(bytes(vector.resp_static)),
      ephemeralKey: engine.keyPair(bytes(vector.resp_ephemeral)),
      preSharedKeys: keys(vector.resp_psks),
    }),
  ]
}
