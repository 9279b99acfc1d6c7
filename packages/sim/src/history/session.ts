/** A session lasts as long as what it reads from: over restarts where the store keeps all, and no longer than the memory of a client without a disk. */

import type { DatabaseHost } from '../database/database-host.ts'

export function sessionOf({ name, sessions }: DatabaseHost): string {
  return `${name} ${sessions}`
}
