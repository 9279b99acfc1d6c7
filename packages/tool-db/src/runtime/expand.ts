/** SHAKE128 as Node has it, for the set hash of items. */

import { createHash } from 'node:crypto'
import { EXPANDED_BYTES, type Expand } from '../core/sync/set-hash.ts'

const OPTIONS = { outputLength: EXPANDED_BYTES }

export const SHAKE_128: Expand = (element) => createHash('shake128', OPTIONS).update(element).digest()
