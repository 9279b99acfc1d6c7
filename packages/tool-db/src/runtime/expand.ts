/** AES-256 in counter mode, its key the item's id, as Node has it: for the set hash of items. */

import { createCipheriv } from 'node:crypto'
import { EXPANDED_BYTES, type Expand } from '../core/sync/set-hash.ts'

const NOTHING = new Uint8Array(EXPANDED_BYTES)
const FIRST_BLOCK = new Uint8Array(16)

export const AES_256_CTR: Expand = (element) => createCipheriv('aes-256-ctr', element, FIRST_BLOCK).update(NOTHING)
