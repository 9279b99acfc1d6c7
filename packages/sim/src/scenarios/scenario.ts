/** A scenario: a world, what happens in it, and what is measured. Small files beside this one, each with one. */

import type { Millis } from '@shoal/base'
import { HOUR } from '@shoal/base'
import type { Observer } from '../world/observer.ts'
import type { World } from '../world/world.ts'

export interface ScenarioOptions {
  readonly seed: number
  readonly nodes: number
  /** Virtual hours of what the scenario is about; building the world comes before. */
  readonly hours: number
  /** Called now and then with what is going on and how far it is, 0 to 1. */
  readonly onProgress?: (stage: string, share: number) => void
  /** Who watches, made for the world before anything happens in it. */
  readonly observers?: readonly ((world: World) => Observer)[]
}

/** Numbers by name; groups may nest. */
export interface Figures {
  readonly [name: string]: number | string | Figures
}

export interface ScenarioReport {
  readonly scenario: string
  readonly seed: number
  readonly nodes: number
  readonly hours: number
  /** Of everything that happened. */
  readonly hash: string
  readonly events: number
  readonly figures: Figures
}

export interface Scenario {
  readonly name: string
  /** One line for the help. */
  readonly summary: string
  readonly defaults: { readonly nodes: number; readonly hours: number }
  run(options: ScenarioOptions): ScenarioOutcome
}

export interface ScenarioOutcome {
  readonly world: World
  /** Where there was more than one; the hash is then over all. */
  readonly worlds?: readonly World[]
  readonly figures: Figures
}

/** Runs a scenario from beginning to end. */
export function runScenario(scenario: Scenario, options: ScenarioOptions): ScenarioReport {
  const { world, worlds = [world], figures } = scenario.run(options)
  const { seed, nodes, hours } = options
  const hash = worlds.map((one) => one.hash).join('-')
  const events = worlds.reduce((sum, one) => sum + one.events, 0)
  return { scenario: scenario.name, seed, nodes, hours, hash, events, figures }
}

/** Lets time pass in a hundred pieces, telling how far it is. */
export function pass(world: World, ms: Millis, stage: string, { onProgress }: ScenarioOptions): void {
  const from = world.now
  const pieces = Math.max(Math.min(100, Math.ceil(ms / 1_000)), 1)
  for (let i = 1; i <= pieces; i++) {
    world.advance(from + (ms * i) / pieces - world.now)
    onProgress?.(stage, i / pieces)
  }
}

const PROBES_PER_HOUR = 2_000
const PROBES_MIN = 50

/** How many probes the time of the scenario is worth. */
export function probesIn({ hours }: ScenarioOptions): number {
  return Math.max(Math.round(PROBES_PER_HOUR * hours), PROBES_MIN)
}

export function hoursOf({ hours }: ScenarioOptions): Millis {
  return hours * HOUR
}
