/** A name for somebody who gave none. */

import { type RandomSource, randomBelow, systemRandom } from '@shoal/base'

const QUALITIES = [
  'Brisk',
  'Calm',
  'Clever',
  'Curious',
  'Drowsy',
  'Gentle',
  'Golden',
  'Hidden',
  'Honest',
  'Humble',
].concat([
  'Jolly',
  'Keen',
  'Lucky',
  'Mellow',
  'Nimble',
  'Patient',
  'Quiet',
  'Rapid',
  'Silver',
  'Sturdy',
  'Tidy',
  'Wandering',
])
const ANIMALS = [
  'Anchovy',
  'Badger',
  'Barracuda',
  'Carp',
  'Cormorant',
  'Crab',
  'Dolphin',
  'Eel',
  'Gull',
  'Heron',
].concat([
  'Herring',
  'Mackerel',
  'Otter',
  'Oyster',
  'Pelican',
  'Perch',
  'Pike',
  'Puffin',
  'Ray',
  'Salmon',
  'Seal',
  'Trout',
])

let random: RandomSource | undefined

/** A quality and an animal, each with a capital, with a blank between them. */
export function randomAnimal(): string {
  random ??= systemRandom()
  return `${QUALITIES[randomBelow(random, QUALITIES.length)]} ${ANIMALS[randomBelow(random, ANIMALS.length)]}`
}
