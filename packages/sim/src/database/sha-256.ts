/** SHA-256 by the platform's own code. */

import { createHash } from 'node:crypto'
import type { Hash } from '@shoal/base'

export const sha256: Hash = Object.assign(
  (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest()),
  { hex: (input: string | Uint8Array): string => createHash('sha256').update(input).digest('hex') },
)
