/** A fresh symmetric key of 256 bits for a group, in hex. */

import { systemRandom, toHex } from '@shoal/base'

export function generateGroupKey(): string {
  return toHex(systemRandom().bytes(32))
}
