/** When a one-shot command has met enough servers to begin. */

import type { Encounters } from './encounters.ts'

/** After a server is connected, others that are about to be get this long. */
export const SETTLE_MS = 300

/**
 * Ends when a server is connected and no further one has come for SETTLE_MS, or when the first look-up is over and all
 * that it found has been dialled. Whoever comes later would make the answer better by chance only, so nobody waits
 * for it. False where the time was over before any server was connected.
 */
export async function connectPhase(encounters: Encounters, timeoutMs: number): Promise<boolean> {
  if (!(await encounters.until(() => encounters.servers > 0, timeoutMs))) return false
  let before = 0
  while (!encounters.isSettled && before !== encounters.servers) {
    before = encounters.servers
    await encounters.until(() => encounters.isSettled || encounters.servers !== before, SETTLE_MS)
  }
  return true
}
