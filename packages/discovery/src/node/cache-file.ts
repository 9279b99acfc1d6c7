/** The file of the peer cache: checked like a packet when it is read, since it may be damaged, or another's. */

import { isPort, parseIp, scopeOf } from '@shoal/base'
import { isKeptFields, type KeptFields, type KeptFile } from '@shoal/dht'
import { CACHED_PEERS_MAX, CACHED_TOPICS_MAX, type CachedPeer, type CachedTopics } from '../core/peer-cache.ts'

export const CACHE_FILE: KeptFile<CachedTopics> = {
  name: 'peer cache',
  format: 'shoal-peer-cache',
  version: 1,
  bytesMax: 512 * 1_024,
  parse: parseTopics,
}

export function cacheFields(topics: CachedTopics): KeptFields {
  const texts = [...topics].map(([infoHash, peers]) => [
    infoHash,
    peers.map(({ host, port, provenAt, failures }) => [host, port, provenAt, failures]),
  ])
  return { topics: Object.fromEntries(texts) }
}

function parseTopics({ topics }: KeptFields & { readonly topics?: unknown }): CachedTopics | undefined {
  if (!isKeptFields(topics)) return undefined
  const parsed = new Map<string, readonly CachedPeer[]>()
  for (const [infoHash, peers] of Object.entries(topics).slice(0, CACHED_TOPICS_MAX)) {
    if (!/^[0-9a-f]{40}$/.test(infoHash) || !Array.isArray(peers)) return undefined
    const list = peers.slice(0, CACHED_PEERS_MAX).map(parsePeer)
    if (list.includes(undefined)) return undefined
    parsed.set(infoHash, list as CachedPeer[])
  }
  return parsed
}

function parsePeer(json: unknown): CachedPeer | undefined {
  if (!Array.isArray(json)) return undefined
  const [host, port, provenAt, failures] = json as readonly unknown[]
  const bytes = typeof host === 'string' && host.length < 64 ? parseIp(host) : undefined
  if (bytes === undefined || scopeOf(bytes) === 'martian' || !isPort(port)) return undefined
  if (!Number.isSafeInteger(provenAt) || !Number.isSafeInteger(failures) || (failures as number) < 0) return undefined
  return { host: host as string, port, provenAt: provenAt as number, failures: failures as number }
}
