/** What we tell of servers, and when: in each pong, to whoever connected meanwhile, and to everybody when one joins or moves. */

import { type Endpoint, formatEndpoint } from '@shoal/base'
import type { SignedEndpoint } from '@shoal/peer'
import type { Directory } from './directory.ts'
import type { Fanout } from './fanout.ts'
import type { Identity } from './identity.ts'
import type { Kernel } from './kernel.ts'
import { has } from './peer.ts'
import type { Peer, Session } from './session.ts'

export interface ServerNewsParts {
  readonly kernel: Kernel
  readonly isServer: boolean
  readonly identity: Identity
  readonly directory: Directory
  readonly fanout: Fanout
  peers(): Iterable<Peer>
}

export class ServerNews {
  readonly #parts: ServerNewsParts
  #own: SignedEndpoint | undefined

  constructor(parts: ServerNewsParts) {
    this.#parts = parts
  }

  /** Ours first, where it is known. */
  list(): readonly SignedEndpoint[] {
    const servers = this.#parts.directory.list()
    return this.#own === undefined || !this.#parts.isServer ? servers : [this.#own, ...servers]
  }

  /** For a pong. */
  serversFor(session: Session): readonly SignedEndpoint[] {
    const { directory, isServer } = this.#parts
    session.serversTold = directory.version
    return isServer ? directory.toTell(this.#own) : []
  }

  handleOwnEndpoint(endpoint: Endpoint | undefined): void {
    const { identity, kernel } = this.#parts
    const held = identity.endpoint
    if (held !== undefined && endpoint !== undefined && formatEndpoint(held) === formatEndpoint(endpoint)) return
    identity.setEndpoint(endpoint)
    this.#own = undefined
    if (endpoint === undefined) return
    identity.sign((signed) => {
      this.#own = signed
      if (signed !== undefined) this.#tellAll([signed], undefined)
      kernel.emit({ kind: 'servers-changed' })
    })
  }

  handleConnected(peer: Peer): void {
    const { directory } = this.#parts
    if (peer.signed !== undefined && directory.introduce(peer.signed, peer)) this.#tellAll([peer.signed], peer)
    // Servers that came while the handshake went on; and all of them to whoever we dialled, who got no pong of ours.
    if (peer.session.serversTold === directory.version) return
    const servers = this.serversFor(peer.session).filter(({ address }) => address !== peer.peerId)
    this.#tell([peer], servers)
  }

  #tellAll(servers: readonly SignedEndpoint[], except: Peer | undefined): void {
    this.#tell(
      [...this.#parts.peers()].filter((peer) => peer !== except),
      servers,
    )
  }

  #tell(peers: readonly Peer[], servers: readonly SignedEndpoint[]): void {
    const { isServer, kernel, identity, fanout } = this.#parts
    if (!isServer || servers.length === 0) return
    const targets = peers.filter((peer) => !peer.proven || has(peer, 'push'))
    const id = kernel.messageId()
    fanout.sendAll(targets, { type: 'pong', id, to: [], clientId: identity.clientId, isServer, servers })
  }
}
