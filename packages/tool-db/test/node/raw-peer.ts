/** Somebody who speaks for himself: what goes over a channel into a node, frame by frame. */

import type { Endpoint } from '@shoal/base'
import type { WireRecord } from '../../src/core/records/record.ts'
import { nextEndId } from './end-id.ts'
import { TestKey } from './test-key.ts'
import type { World } from './world.ts'

/** A stranger: what it sends is up to the test, what it gets is kept. */
export class RawPeer {
  readonly id = nextEndId()
  readonly host: string
  readonly key: TestKey
  channel = 0
  isClosed = false
  closeReason = ''
  readonly frames: string[] = []
  readonly #world: World
  #nextMessage = 1

  constructor(world: World, host: string) {
    this.#world = world
    this.host = host
    this.key = new TestKey(`raw ${host}`)
  }

  get port(): number {
    return 1
  }

  get messages(): { type: string; id: string; [field: string]: unknown }[] {
    return this.frames.map((frame) => JSON.parse(frame) as { type: string; id: string })
  }

  ofType(type: string): { type: string; id: string; [field: string]: unknown }[] {
    return this.messages.filter((message) => message.type === type)
  }

  send(message: object | string | Uint8Array): void {
    const frame = typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message)
    this.#world.send(this, this.channel, frame)
  }

  freshId(): string {
    return `raw${this.id}-${this.#nextMessage++}`
  }

  /** The ping of a plain tool-db client or server. */
  ping(
    options: { isServer?: boolean; key?: TestKey; place?: Endpoint; shoal?: object; clientId?: string } = {},
  ): object {
    const { isServer = false, key = this.key, place = { host: this.host, port: 8080 }, shoal } = options
    const clientId = options.clientId ?? key.address.slice(-20)
    const peer = key.endpoint(place, this.#world.now)
    const id = this.freshId()
    return { type: 'ping', id, clientId, to: [clientId], isServer, peer, ...(shoal !== undefined && { shoal }) }
  }

  /** Connects as a plain peer. */
  greet(options: Parameters<RawPeer['ping']>[0] = {}): this {
    this.send(this.ping(options))
    this.#world.run(50)
    return this
  }

  put(record: WireRecord | object, id: string = this.freshId()): string {
    this.send({ type: 'put', id, to: [], data: record })
    return id
  }

  deliver(_channel: number, frame: string | Uint8Array): void {
    this.frames.push(typeof frame === 'string' ? frame : new TextDecoder().decode(frame))
  }

  handleClosed(_channel: number, reason: string): void {
    this.isClosed = true
    this.closeReason = reason
  }
}
