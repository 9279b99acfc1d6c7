/** tool-db's search for a plain nonce. Here it lets other work run in between, since it may take minutes. */

import { sha256 as sha256Bytes } from '@noble/hashes/sha2.js'
import { WorkSearch } from '../core/records/work.ts'

/** A few milliseconds of hashing. */
const SLICE_ATTEMPTS = 2_000

/** The first nonce whose hash of value and nonce begins with `difficulty` zeros; null, like 0, asks for none. */
export async function proofOfWork(value: string, difficulty: number | null): Promise<{ nonce: number; hash: string }> {
  const search = new WorkSearch({ prefix: value, pow: difficulty, sha256: sha256Bytes })
  for (;;) {
    const found = search.step(SLICE_ATTEMPTS)
    if (found !== undefined) return { nonce: Number(found.nonce), hash: found.hash }
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
}
