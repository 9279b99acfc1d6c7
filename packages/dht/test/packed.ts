import { fromLatin1 } from '@shoal/base'
import type { PackedPeers } from '../src/core/storage/peer-list.ts'

/** Peers as the store gives them, of texts with one character a byte that are all as long as the first. */
export function packed(peers: readonly string[]): PackedPeers {
  const { buffer } = Uint8Array.from(fromLatin1(peers.join('')))
  return { view: new DataView(buffer), width: peers[0]?.length ?? 6, count: peers.length }
}
