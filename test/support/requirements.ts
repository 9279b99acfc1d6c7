/**
 * Tests that need more than Node: a system program, or root. Where it is missing they are skipped by name, saying
 * how to get it; with SHOAL_REQUIRE_ALL=1 (continuous integration) a missing requirement fails instead.
 */

import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { test } from 'vitest'

export interface Requirement {
  readonly name: string
  readonly isMet: () => boolean
  /** One imperative sentence. */
  readonly howToGet: string
}

export const root: Requirement = {
  name: 'root',
  isMet: () => process.getuid?.() === 0,
  howToGet: 'Run the tests as root.',
}

export function program(name: string, debianPackage: string): Requirement {
  return { name, isMet: () => isOnPath(name), howToGet: `Install it with: apt-get install ${debianPackage}` }
}

/** A `test` that runs only where every requirement is met. */
export function testNeeding(...requirements: readonly Requirement[]): typeof test | typeof test.skip {
  const missing = requirements.filter((requirement) => !requirement.isMet())
  if (missing.length === 0) return test
  const why = missing.map(({ name, howToGet }) => `needs ${name}. ${howToGet}`).join(' ')
  const declare = (name: string): void => {
    if (process.env['SHOAL_REQUIRE_ALL'] === '1') {
      test(`${name} (${why})`, () => {
        throw new Error(`SHOAL_REQUIRE_ALL=1, and this test ${why}`)
      })
    } else test.skip(`${name} (${why})`, () => {})
  }
  return declare as typeof test
}

function isOnPath(name: string): boolean {
  return [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
