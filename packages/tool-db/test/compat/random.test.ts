import { expect, test } from 'vitest'
import { generateGroupKey } from '../../src/compat/group-key.ts'
import { randomAnimal } from '../../src/compat/random-animal.ts'
import { textRandom } from '../../src/compat/text-random.ts'

test('[R-43] a random text has the length and the characters asked for, and does not repeat', () => {
  expect(textRandom()).toMatch(/^[0-9A-Za-z]{24}$/)
  expect(textRandom(10)).toMatch(/^[0-9A-Za-z]{10}$/)
  expect(textRandom(200, 'ab')).toMatch(/^(?=.*a)(?=.*b)[ab]{200}$/)
  expect(textRandom(5, '')).toMatch(/^[0-9A-Za-z]{5}$/)
  for (const length of [0, -1]) expect(textRandom(length)).toBe('')
  expect(new Set(Array.from({ length: 1_000 }, () => textRandom(10))).size).toBe(1_000)
  expect(new Set(textRandom(5_000)).size).toBe(62)
})

test('[R-43] an animal has a quality and a name; a group key has 256 bits in hex', () => {
  const animals = new Set(Array.from({ length: 300 }, () => randomAnimal()))
  for (const animal of animals) expect(animal).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
  expect(animals.size).toBeGreaterThan(50)
  expect(generateGroupKey()).toMatch(/^[0-9a-f]{64}$/)
  expect(generateGroupKey()).not.toBe(generateGroupKey())
})
