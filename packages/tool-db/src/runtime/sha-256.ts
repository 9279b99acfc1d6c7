/** SHA-256 as Node has it: a text goes to its hex digits in one call, with no bytes in between. */

import { hash } from 'node:crypto'
import type { Hash } from '@shoal/base'

export const SHA_256: Hash = Object.assign((bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer'), {
  hex: (input: string | Uint8Array): string => hash('sha256', input, 'hex'),
})
