/**
 * Between hosts of a virtual internet (network namespaces, so as root): two machines on a local network without internet, and a host of
 * whose two address families one leads nowhere. How soon a server of the topic is found, by the command's own word.
 */
import { figureOf } from './figures.ts'
import { runTests } from './test-run.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const BOUND_S = 2
const RUNS = { quick: 1, whole: 5 }

interface Told {
  readonly name: string
  readonly ms: number
}

export async function acceptVnet({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  /** Seconds, by what was measured. */
  const found = new Map<string, number[]>()
  for (let run = 0; run < (quick ? RUNS.quick : RUNS.whole); run++) {
    for (const { name, ms } of await runTests<Told>(['test/vnet/lan.test.ts', 'test/vnet/black-hole.test.ts'])) {
      log(`${name}: found after ${ms} ms`)
      found.set(name, [...(found.get(name) ?? []), ms / 1_000])
    }
  }
  if (found.size === 0) log('nothing was measured: it takes root, iproute2 and nftables')
  return [...found].map(([name, seconds]) => atMost(BOUND_S, 's', `a server is found: ${name}`, figureOf(seconds)))
}
