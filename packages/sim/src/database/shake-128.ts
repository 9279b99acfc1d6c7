/** SHAKE128 by the platform's own code, for the set hash of what servers compare. */

import { createHash } from 'node:crypto'
import { EXPANDED_BYTES, type Expand } from '@shoal/tool-db/core'

const OPTIONS = { outputLength: EXPANDED_BYTES }

export const shake128: Expand = (element) => createHash('shake128', OPTIONS).update(element).digest()
