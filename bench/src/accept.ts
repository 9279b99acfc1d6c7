/**
 * `npm run accept [-- NAME …] [--quick]`: figures against the bounds they must keep, medians of several runs. Ends with 1 when
 * one is missed. Tests never judge a time; this does.
 */
import { parseArgs } from 'node:util'
import { acceptCrash } from './accept-crash.ts'
import { acceptDbFanout } from './accept-db-fanout.ts'
import { acceptDbIdle } from './accept-db-idle.ts'
import { acceptDbMillion } from './accept-db-million.ts'
import { acceptDbPuts } from './accept-db-puts.ts'
import { acceptDbReads } from './accept-db-reads.ts'
import { acceptDbSeen } from './accept-db-seen.ts'
import { acceptDbVerify } from './accept-db-verify.ts'
import { acceptDhtCodec } from './accept-dht-codec.ts'
import { acceptDhtFlood } from './accept-dht-flood.ts'
import { acceptDhtFuzz } from './accept-dht-fuzz.ts'
import { acceptDhtLookup } from './accept-dht-lookup.ts'
import { acceptDhtMemory } from './accept-dht-memory.ts'
import { acceptDhtRate } from './accept-dht-rate.ts'
import { acceptFakes } from './accept-fakes.ts'
import { acceptHistory } from './accept-history.ts'
import { acceptJoin } from './accept-join.ts'
import { acceptHistoryMutations, acceptSimMutations } from './accept-mutations.ts'
import { acceptOpenMillion } from './accept-open-million.ts'
import { acceptOwnedTopic } from './accept-owned-topic.ts'
import { acceptQuiet } from './accept-quiet.ts'
import { acceptReconnect } from './accept-reconnect.ts'
import { acceptSimFirstPeer } from './accept-sim-first-peer.ts'
import { acceptSimGrowth } from './accept-sim-growth.ts'
import { acceptSimHour } from './accept-sim-hour.ts'
import { acceptSimSwarm } from './accept-sim-swarm.ts'
import { acceptSimSybil } from './accept-sim-sybil.ts'
import { acceptStart } from './accept-start.ts'
import { acceptSyncDifferences } from './accept-sync-differences.ts'
import { acceptSyncJoin } from './accept-sync-join.ts'
import { acceptSyncLive } from './accept-sync-live.ts'
import { acceptVnet } from './accept-vnet.ts'
import { type AcceptOptions, told, type Verdict } from './verdict.ts'

const FIGURES: Record<string, (options: AcceptOptions) => Promise<Verdict[]>> = {
  start: acceptStart,
  join: acceptJoin,
  reconnect: acceptReconnect,
  quiet: acceptQuiet,
  fakes: acceptFakes,
  'owned-topic': acceptOwnedTopic,
  vnet: acceptVnet,
  'db-puts': acceptDbPuts,
  'db-reads': acceptDbReads,
  'db-fanout': acceptDbFanout,
  'db-seen': acceptDbSeen,
  'db-million': acceptDbMillion,
  'db-verify': acceptDbVerify,
  'db-idle': acceptDbIdle,
  crash: acceptCrash,
  'open-million': acceptOpenMillion,
  'sync-join': acceptSyncJoin,
  'sync-differences': acceptSyncDifferences,
  'sync-live': acceptSyncLive,
  'dht-rate': acceptDhtRate,
  'dht-codec': acceptDhtCodec,
  'dht-lookup': acceptDhtLookup,
  'dht-memory': acceptDhtMemory,
  'dht-flood': acceptDhtFlood,
  'dht-fuzz': acceptDhtFuzz,
  'sim-hour': acceptSimHour,
  'sim-first-peer': acceptSimFirstPeer,
  'sim-growth': acceptSimGrowth,
  'sim-sybil': acceptSimSybil,
  'sim-swarm': acceptSimSwarm,
  'sim-mutations': acceptSimMutations,
  history: acceptHistory,
  'history-mutations': acceptHistoryMutations,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !(name in FIGURES))
if (unknown.length > 0) {
  console.error(`no figure is called ${unknown.join(', ')}: choose from ${Object.keys(FIGURES).join(', ')}`)
  process.exit(2)
}

for (const name of positionals.length > 0 ? positionals : Object.keys(FIGURES)) {
  console.log(`\n${name}`)
  try {
    const verdicts = (await FIGURES[name]?.({ quick: values.quick, log: (line) => console.error(`  ${line}`) })) ?? []
    for (const verdict of verdicts) {
      console.log(`  ${told(verdict)}`)
      if (!verdict.passed) process.exitCode = 1
    }
  } catch (error) {
    console.log(`  FAIL  ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
