/** May this process hold as many files as a busy server has connections? */

import { readFile } from 'node:fs/promises'
import { DEFAULT_LIMITS } from '@shoal/tool-db'
import { type Check, failed, passed, untried } from './check.ts'

const NAME = 'file limits'
/** Beside the connections: the store's tables, sockets, the program itself. */
const OTHER_FILES = 512

/** `text`: what Linux says in /proc/self/limits. */
export function judgeFileLimits(text: string | undefined): Check {
  const limit = text === undefined ? undefined : /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1]
  if (limit === undefined) return untried(NAME, 'this system does not say how many files a process may open')
  const wanted = DEFAULT_LIMITS.sessionsMax + OTHER_FILES
  if (limit === 'unlimited' || Number(limit) >= wanted) return passed(NAME, `${limit} open files allowed`)
  return failed(
    NAME,
    `only ${limit} open files allowed, and a full server needs ${wanted}`,
    `raise the limit to ${wanted} or more: LimitNOFILE= in a systemd unit, ulimit -n in a shell, nofile in /etc/security/limits.conf`,
  )
}

export async function checkFileLimits(): Promise<Check> {
  return judgeFileLimits(await readFile('/proc/self/limits', 'utf8').catch(() => undefined))
}
