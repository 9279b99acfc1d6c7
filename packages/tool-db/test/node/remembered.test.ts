import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { Kernel } from '../../src/core/node/kernel.ts'
import { DEFAULT_LIMITS } from '../../src/core/node/limits.ts'
import { Remembered } from '../../src/core/node/remembered.ts'
import { sha256 } from './test-key.ts'

function remembered(init: { lifetime: number; countMax: number }): { names: Remembered; kernel: Kernel } {
  const kernel = new Kernel({ random: seededRandom(1), sha256, limits: DEFAULT_LIMITS })
  return { names: new Remembered(kernel, init), kernel }
}

test('[T-73] what is remembered ends by time, and of too many the oldest go first, never more than half', () => {
  const { names, kernel } = remembered({ lifetime: 1_000, countMax: 8 })
  for (let i = 0; i < 100; i++) {
    expect(names.addNew(`n${i}`)).toBe(true)
    expect(names.size).toBeLessThanOrEqual(8)
    for (let k = Math.max(0, i - 3); k <= i; k++) expect(names.has(`n${k}`)).toBe(true)
  }
  expect(names.has('n0')).toBe(false)
  kernel.now += 999
  expect(names.addNew('n99')).toBe(false)
  kernel.now += 1
  expect(names.has('n99')).toBe(false)
})

test('[T-73] a name that is added again is as young as the newest, and one that is taken is gone', () => {
  const { names, kernel } = remembered({ lifetime: 1_000, countMax: 4 })
  names.add('again')
  for (let i = 0; i < 20; i++) {
    names.add(`n${i}`)
    names.add('again')
    expect(names.has('again')).toBe(true)
  }
  kernel.now += 500
  names.add('again')
  kernel.now += 600
  expect(names.take('again')).toBe(true)
  expect(names.take('again')).toBe(false)
  expect(names.has('again')).toBe(false)
})
