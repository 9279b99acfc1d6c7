import { HOUR, SECOND } from '@shoal/base'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WakeWatch } from '../../src/node/wake-watch.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watched() {
  const at = { wall: 1_000_000, monotonic: 0, addresses: ['192.168.1.2'] }
  const heard: string[] = []
  const watch = new WakeWatch((reason) => heard.push(reason), {
    wallNow: () => at.wall,
    monotonicNow: () => at.monotonic,
    addresses: () => at.addresses,
  })
  const pass = (ms: number, slept = 0): void => {
    at.wall += ms + slept
    at.monotonic += ms
    vi.advanceTimersByTime(ms)
  }
  return { at, heard, watch, pass }
}

test('[S-120] sleep shows as a wall clock that runs ahead; time that passes, and a clock that is set a little, do not', () => {
  const { heard, watch, pass } = watched()
  pass(HOUR)
  pass(6 * SECOND, 10 * SECOND)
  pass(6 * SECOND, -HOUR)
  expect(heard).toEqual([])
  pass(6 * SECOND, 8 * HOUR)
  expect(heard).toEqual(['slept'])
  pass(HOUR)
  expect(heard).toEqual(['slept'])
  watch.close()
  pass(6 * SECOND, HOUR)
  expect(heard).toHaveLength(1)
})

test('[S-120] other addresses are another network; to have none is none, and to have them back is one', () => {
  const { at, heard, pass } = watched()
  at.addresses = []
  pass(6 * SECOND)
  expect(heard).toEqual([])
  at.addresses = ['192.168.1.2']
  pass(6 * SECOND)
  at.addresses = ['fd00::1', '192.168.1.2']
  pass(6 * SECOND)
  at.addresses = ['192.168.1.2', 'fd00::1']
  pass(6 * SECOND)
  expect(heard).toEqual(['addresses', 'addresses'])
})
