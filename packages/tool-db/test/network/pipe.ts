/** What channels over other channels are tested with. */

import type { Channel } from '../../src/network/channel.ts'

/** A channel that takes so many messages and keeps them. */
export class Pipe implements Channel {
  readonly remote = { host: '192.0.2.1', port: 7 }
  readonly direction = 'outbound'
  readonly isTextOnly = false
  readonly sent: (string | Uint8Array)[] = []
  readonly closings: [number, string][] = []
  room: number
  isDrained = false

  constructor(room: number) {
    this.room = room
  }

  get buffered(): number {
    return this.sent.reduce((sum, { length }) => sum + length, 0)
  }

  send(message: string | Uint8Array): boolean {
    if (this.sent.length >= this.room) return false
    this.sent.push(message)
    return true
  }

  async drained(): Promise<void> {
    this.isDrained = true
  }

  close(code: number, reason: string): void {
    this.closings.push([code, reason])
  }
}
