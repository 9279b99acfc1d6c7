import { HOUR, MINUTE, seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { type ItemOrder, OwnItems } from '../../../src/core/item/own-items.ts'

function order(byte: number): ItemOrder {
  const item = { value: Uint8Array.of(byte), signed: undefined }
  return { target: new Uint8Array(20).fill(byte), salt: new Uint8Array(0), item, cas: undefined }
}

test('[D-158] each is put again every 45 to 60 minutes, not all at one moment', () => {
  const own = new OwnItems(seededRandom(1))
  for (let i = 0; i < 20; i++) own.keep(0, order(i))
  const times = new Set<number>()
  let count = 0
  for (let at = own.nextAt(); at !== undefined && at < 24 * HOUR; at = own.nextAt()) {
    while (own.takeDue(at) !== undefined) count++
    times.add(at)
  }
  expect(count).toBeGreaterThanOrEqual(20 * 23)
  expect(count).toBeLessThanOrEqual(20 * 32)
  expect(times.size).toBeGreaterThan(count * 0.9)
})

test('[D-158] the newest under a target is kept; what is dropped is not put again; what nobody took comes again soon', () => {
  const own = new OwnItems(seededRandom(2))
  own.keep(0, order(1))
  own.keep(0, { ...order(1), item: { value: Uint8Array.of(9), signed: undefined } })
  expect(own.size).toBe(1)
  expect(own.takeDue(HOUR)?.item.value).toEqual(Uint8Array.of(9))
  own.retry(HOUR, order(1).target)
  expect(own.nextAt()).toBeLessThan(HOUR + 10 * MINUTE)
  expect(own.drop(order(1).target)).toBe(true)
  expect(own.drop(order(1).target)).toBe(false)
  expect(own.nextAt()).toBeUndefined()
})
