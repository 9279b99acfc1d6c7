/** All scenarios by name. */

import { churn } from './churn.ts'
import { coldStart } from './cold-start.ts'
import { crowdedStores } from './crowded-stores.ts'
import type { Scenario } from './scenario.ts'
import { stolenTokens } from './stolen-tokens.ts'

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [coldStart, churn, crowdedStores, stolenTokens].map((scenario) => [scenario.name, scenario]),
)
