/** The deterministic world: see docs/guides/simulator.md. */

export { DhtNode, type DhtNodeOptions, dhtProgram, type LookupOptions, type LookupRecord } from './dht/dht-node.ts'
export { type DhtHost, DhtWorld, type DhtWorldInit, type NodeInit } from './dht/dht-world.ts'
export { type Conditions, lookupsUnder } from './measurements/lookups-under.ts'
export { type Checked, checkScenario } from './oracles/check.ts'
export { checkLiveness } from './oracles/liveness.ts'
export { OracleFailure, Safety } from './oracles/safety.ts'
export {
  type Figures,
  runScenario,
  type Scenario,
  type ScenarioOptions,
  type ScenarioReport,
} from './scenarios/scenario.ts'
export { SCENARIOS } from './scenarios/scenarios.ts'
export { besiege, type Siege } from './scenarios/sybil.ts'
export { Host, type HostState } from './world/host.ts'
export type { Environment, Machine, Program } from './world/machine.ts'
export type { Fate, Observer } from './world/observer.ts'
export { type HostInit, World, type WorldInit } from './world/world.ts'
