/**
 * Lookups among two hundred nodes, ours and npm bittorrent-dht's in one run: with all alive, and with 30% of them ended and
 * not yet noticed. Every lookup is a node's first, so that no one's table has been cleared of the dead by an earlier one.
 */
import { Child, withChildren } from './child.ts'
import type { LookupSample, SwarmKind } from './dht-swarm-process.ts'
import { figureOf, ratioOf, rounded } from './figures.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const NODES = 200
const DEAD = 60
const KINDS: readonly SwarmKind[] = ['shoal', 'bittorrent-dht']

type Samples = Record<SwarmKind, LookupSample[]>

export async function acceptDhtLookup({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const lookups = quick ? 5 : 30
  const swarms = Object.fromEntries(
    KINDS.map((kind) => [kind, new Child('dht-swarm-process', { kind, count: NODES })]),
  ) as Record<SwarmKind, Child>
  return withChildren(Object.values(swarms), async () => {
    for (const kind of KINDS) {
      await swarms[kind].request('start')
      await swarms[kind].request('announce', 2 * lookups)
      log(`${kind}: ${NODES} nodes`)
    }
    const alive = await lookUp(swarms, { from: 0, lookups })
    await Promise.all(KINDS.map((kind) => swarms[kind].request('kill', DEAD)))
    const dead = await lookUp(swarms, { from: lookups, lookups })
    return [...verdicts('all alive', alive, { share: 1, log }), ...verdicts('30% dead', dead, { share: 0.1, log })]
  })
}

/** One lookup of each kind in turn. */
async function lookUp(
  swarms: Record<SwarmKind, Child>,
  { from, lookups }: { from: number; lookups: number },
): Promise<Samples> {
  const samples: Samples = { shoal: [], 'bittorrent-dht': [] }
  for (let i = from; i < from + lookups; i++) {
    for (const kind of KINDS) samples[kind].push(await swarms[kind].request<LookupSample>('lookup', i))
  }
  return samples
}

function verdicts(
  setting: string,
  samples: Samples,
  { share, log }: { share: number; log(line: string): void },
): Verdict[] {
  const [ours, theirs] = KINDS.map((kind) => ({
    ms: figureOf(samples[kind].map(({ ms }) => ms)),
    sent: figureOf(samples[kind].map(({ sent }) => sent)),
    found: figureOf([samples[kind].filter(({ found }) => found).length / samples[kind].length]),
  })) as [Told, Told]
  for (const [name, { ms, sent, found }] of [
    ['shoal', ours],
    ['bittorrent-dht', theirs],
  ] as const) {
    log(`${setting}, ${name}: ${rounded(ms.median)} ms, ${rounded(sent.median)} sent, found ${rounded(found.median)}`)
  }
  return [
    atMost(share, "of bittorrent-dht's time", `a lookup ends, ${setting}`, ratioOf(ours.ms, theirs.ms)),
    atMost(1, 'of what bittorrent-dht sends', `messages of a lookup, ${setting}`, ratioOf(ours.sent, theirs.sent)),
    atLeast(1, 'of the lookups', `the peer is found, ${setting}`, ours.found),
  ]
}

type Told = Record<'ms' | 'sent' | 'found', ReturnType<typeof figureOf>>
