/** Connections that the nodes at their ends have encrypted: what goes over the network is sealed, what goes into a node is open again. */

import { assert } from '@shoal/base'
import { frameMessage, NoiseFrames } from '@shoal/peer'
import type { Effect } from '@shoal/tool-db/core'
import type { Frame, Streams } from '../network/streams.ts'

export class SealedChannels {
  readonly #streams: Streams
  /** BOUNDED: by the connections that are open, and those whose end nobody was told of. */
  readonly #frames = new Map<number, NoiseFrames>()

  constructor(streams: Streams) {
    this.#streams = streams
  }

  handleSecure({ channel, keys }: Effect & { kind: 'secure' }): void {
    this.#frames.set(channel, new NoiseFrames(keys))
  }

  handleClosed(channel: number): void {
    this.#frames.delete(channel)
  }

  send(channel: number, text: string): void {
    const frames = this.#frames.get(channel)
    const send = (frame: Frame): boolean => {
      this.#streams.send(channel, frame)
      return true
    }
    if (frames === undefined) send(text)
    else frames.seal([frameMessage(text)], send)
  }

  /** `undefined` for what is not sealed by the keys of the channel. */
  open(channel: number, sealed: Uint8Array): readonly string[] | undefined {
    return this.#frames
      .get(channel)
      ?.open(sealed)
      ?.map((frame) => {
        assert(typeof frame === 'string', 'messages of nodes are texts')
        return frame
      })
  }
}
