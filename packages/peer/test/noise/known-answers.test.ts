import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { nobleEngine } from '../../src/index.ts'
import { knownAnswers, vectors } from './vectors.ts'

knownAnswers('noble', nobleEngine(seededRandom(1)))

test('[E-1] the vectors cover XX alone and with pre-shared keys at every place', () => {
  const names = vectors.map(({ protocol_name }) => protocol_name)
  for (const place of ['XX_', 'psk0', 'psk1', 'psk2', 'psk3']) {
    expect(names.some((each) => each.includes(place))).toBe(true)
  }
})
