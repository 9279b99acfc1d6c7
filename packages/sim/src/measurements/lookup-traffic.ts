/** What lookups put on the wire: `get_peers` and its answers, as they are sent; losses and repetitions are in it. */

import type { Endpoint, Millis } from '@shoal/base'
import { viewKrpc } from '../oracles/krpc-view.ts'
import type { Host } from '../world/host.ts'
import type { Observer } from '../world/observer.ts'

export class LookupTraffic implements Observer {
  datagrams = 0
  bytes = 0

  handleSent(_now: Millis, _from: Host, _to: Endpoint, bytes: Uint8Array): void {
    const view = viewKrpc(bytes)
    const isQuestion = view?.kind === 'query' && view.method === 'get_peers'
    const isAnswer = view?.kind === 'answer' && view.values.has('token')
    if (!isQuestion && !isAnswer) return
    this.datagrams++
    this.bytes += bytes.length
  }
}
