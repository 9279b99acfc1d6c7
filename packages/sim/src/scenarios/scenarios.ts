/** All scenarios by name. */

import { coldStart } from './cold-start.ts'
import { crowdedStores } from './crowded-stores.ts'
import type { Scenario } from './scenario.ts'
import { stolenTokens } from './stolen-tokens.ts'

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [coldStart, crowdedStores, stolenTokens].map((scenario) => [scenario.name, scenario]),
)
