/** What the outside is told of a peer, once for all of its sockets. */
export interface PeerInfo {
  readonly peerId: string
  readonly clientId: string
  readonly host: string
  readonly port: number
  readonly server: boolean
  readonly inbound: boolean
  readonly proven: boolean
  readonly encrypted: boolean
  /** A server that the owner of the topic has certified. */
  readonly certified: boolean
}
