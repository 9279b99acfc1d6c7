/** A channel over another one: what goes in is sealed, what comes out was sealed by the other end. */

import type { Endpoint } from '@shoal/base'
import { NoiseFrames, type NoiseSession } from '@shoal/peer'
import type { Channel } from './channel.ts'

export class EncryptedChannel implements Channel {
  readonly #inner: Channel
  readonly #frames: NoiseFrames

  constructor(inner: Channel, keys: NoiseSession) {
    this.#inner = inner
    this.#frames = new NoiseFrames(keys)
  }

  get remote(): Endpoint {
    return this.#inner.remote
  }

  get direction(): 'inbound' | 'outbound' {
    return this.#inner.direction
  }

  get isTextOnly(): boolean {
    return false
  }

  /** Sealed bytes. */
  get buffered(): number {
    return this.#inner.buffered
  }

  send(message: string | Uint8Array): boolean {
    return this.#frames.seal(message, (frame) => this.#inner.send(frame))
  }

  drained(): Promise<void> {
    return this.#inner.drained()
  }

  /** The reason stays here: on the wire it would be in clear. */
  close(code: number, _reason: string): void {
    this.#inner.close(code, '')
  }

  /** What a frame of the inner channel says; `undefined` where it is not the next one of the other end. */
  open(frame: string | Uint8Array): string | Uint8Array | undefined {
    return typeof frame === 'string' ? undefined : this.#frames.open(frame)
  }
}
