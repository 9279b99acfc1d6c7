/** The little of npm bittorrent-dht 11 that the bench uses; it publishes no types. */
declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events'

  export default class DHT extends EventEmitter {
    constructor(options: { bootstrap: false | readonly string[]; nodeId?: string; host?: string })
    listen(port: number, address: string, onListening: () => void): void
    address(): { address: string; port: number }
    announce(infoHash: string, port: number, onAnnounced: (error: Error | null) => void): void
    lookup(infoHash: string, onDone: () => void): void
    destroy(onDestroyed: () => void): void
    addNode(node: { host: string; port: number }): void
    toJSON(): { nodes: { host: string; port: number }[] }
  }
}
