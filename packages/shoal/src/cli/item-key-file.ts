/** The file of `dht put --key`: one Ed25519 seed (RFC 8032) in hex. Whoever has it can change what it was put for. */

import { randomBytes } from 'node:crypto'
import { fromHex, toHex } from '@shoal/base'
import type { KeyFileKind } from './key-file.ts'

const SEED_BYTES = 32

export const ITEM_KEY_FILE: KeyFileKind = {
  mark: 'item-key',
  field: 'seed',
  name: 'key file',
  flag: '--key',
  make: async () => toHex(randomBytes(SEED_BYTES)),
  check: async (key) => seedOf(key),
}

/** The bytes of a key that such a file holds. */
export function seedOf(key: string): Uint8Array {
  const seed = fromHex(key)
  if (seed?.length !== SEED_BYTES) throw new Error(`a seed has ${SEED_BYTES} bytes`)
  return seed
}
