/**
 * Does the firewall of this machine drop what comes in? Its rules can be read on Linux, by root. They are only looked at:
 * a chain that drops by default, and no word about the port, is what most often keeps a server from being found.
 */

import { execFile } from 'node:child_process'
import { type Check, failed, passed, untried } from './check.ts'

const NAME = 'firewall'
const READ_WITHIN_MS = 2_000
const RULES_BYTES_MAX = 4_000_000

/** `rules`: the text of `nft list ruleset` or `iptables -S`; `undefined` where it could not be read. */
export function judgeFirewall(rules: string | undefined, port: number): Check {
  if (rules === undefined) {
    return untried(NAME, 'its rules can only be read by root, with nft or iptables: a dial back tells the same')
  }
  const dropsByDefault = /^-P INPUT (DROP|REJECT)/m.test(rules) || /hook input priority [^;]*; policy drop;/.test(rules)
  if (!dropsByDefault) return passed(NAME, 'this machine takes what comes in unless a rule says otherwise')
  if (port !== 0 && new RegExp(`\\bdport\\b[^\\n]*\\b${port}\\b`).test(rules)) {
    return passed(NAME, `this machine drops what comes in, and has a rule for port ${port}`)
  }
  const shown = port === 0 ? 'PORT' : String(port)
  return failed(
    NAME,
    `this machine drops what comes in, and ${port === 0 ? 'a free port' : `port ${port}`} has no rule of its own`,
    `open it: ufw allow ${shown}/tcp, or firewall-cmd --add-port=${shown}/tcp --permanent, or an accept rule in nftables`,
  )
}

export async function checkFirewall(port: number): Promise<Check> {
  const texts = [await output('nft', ['list', 'ruleset']), await output('iptables', ['-S'])]
  const read = texts.filter((text) => text !== undefined)
  return judgeFirewall(read.length === 0 ? undefined : read.join('\n'), port)
}

function output(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: READ_WITHIN_MS, maxBuffer: RULES_BYTES_MAX }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    )
  })
}
