/** All scenarios by name, in the order in which one would meet them. */

import { churn } from './churn.ts'
import { deadEntrance, lyingEntrance } from './closed-entrance.ts'
import { coldStart } from './cold-start.ts'
import { crowdedStores } from './crowded-stores.ts'
import { flood } from './flood.ts'
import { massDeparture } from './mass-departure.ts'
import { mishaps } from './mishaps.ts'
import { natMix } from './nat-mix.ts'
import { partition } from './partition.ts'
import { poisoned } from './poisoned.ts'
import type { Scenario } from './scenario.ts'
import { slowNetwork } from './slow-network.ts'
import { steadyState } from './steady-state.ts'
import { stolenTokens } from './stolen-tokens.ts'
import { swarmFaults } from './swarm-faults.ts'
import { swarmStart } from './swarm-start.ts'
import { sybil } from './sybil.ts'
import { warmStart } from './warm-start.ts'

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [
    coldStart,
    warmStart,
    steadyState,
    churn,
    massDeparture,
    partition,
    natMix,
    deadEntrance,
    lyingEntrance,
    slowNetwork,
    poisoned,
    sybil,
    flood,
    stolenTokens,
    crowdedStores,
    mishaps,
    swarmStart,
    swarmFaults,
  ].map((scenario) => [scenario.name, scenario]),
)
