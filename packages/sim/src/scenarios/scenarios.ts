/** All scenarios by name. */

import { coldStart } from './cold-start.ts'
import type { Scenario } from './scenario.ts'

export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.fromEntries(
  [coldStart].map((scenario) => [scenario.name, scenario]),
)
