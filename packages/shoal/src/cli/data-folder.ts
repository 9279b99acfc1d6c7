/** Where a server keeps its store when nobody says: a directory of the user's data folder, named by the topic. */

import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Topic } from '@shoal/peer'
import envPaths from 'env-paths'

const READABLE_MAX = 40
const DIGEST_DIGITS = 16

/**
 * A topic is any text, a directory name is not: the readable part is for people, the digest tells topics apart that
 * look alike (in another case, or in letters that file systems can't hold).
 */
export function storeDirectoryName(topic: string): string {
  const digest = createHash('sha256').update(topic).digest('hex').slice(0, DIGEST_DIGITS)
  const readable = topic
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, READABLE_MAX)
    .replaceAll(/^-+|-+$/g, '')
  return readable === '' ? digest : `${readable}-${digest}`
}

/** By what the topic is known as in public: of a private one the name says nothing. */
export function storeDirectoryOf({ publicId }: Topic): string {
  return join(envPaths('shoal', { suffix: '' }).data, 'topics', storeDirectoryName(publicId))
}

/** What the DHT node of a server remembers from run to run: beside its store, whose files are the store's own. */
export function dhtStateFileOf(storeDirectory: string): string {
  return `${resolve(storeDirectory)}.dht.json`
}

/** The peers that a node with a store has met: beside it, for the same reason. */
export function peerCacheFileOf(storeDirectory: string): string {
  return `${resolve(storeDirectory)}.peers.json`
}

/** What the owners of topics have published last, as far as this store knows. */
export function rosterFileOf(storeDirectory: string): string {
  return `${resolve(storeDirectory)}.rosters.json`
}
