import { utf8Length } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameMessage, NoiseFrames } from '../../src/index.ts'
import { pair, shake } from './pair.ts'

const message = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }).filter((text) => utf8Length(text) !== undefined),
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 65_000, max: 140_000 }).map((length) => 'x'.repeat(length)),
)

/** What somebody on the way does to the n-th frame. */
const mischief = fc.record({
  at: fc.nat({ max: 9 }),
  kind: fc.constantFrom('flip', 'cut', 'drop', 'repeat', 'swap', 'invent'),
  where: fc.nat(),
})

test('[E-6] whatever happens on the way, what arrives is a beginning of what was sent', () => {
  fc.assert(
    fc.property(
      fc.array(message, { minLength: 1, maxLength: 10 }),
      fc.array(mischief, { maxLength: 3 }),
      fc.integer({ min: 1, max: 4 }),
      (sent, changes, each) => {
        const { initiator, responder } = shake(pair()) as NonNullable<ReturnType<typeof shake>>
        const [from, to] = [new NoiseFrames(initiator), new NoiseFrames(responder)]
        let frames: Uint8Array[] = []
        for (let i = 0; i < sent.length; i += each) {
          from.seal(sent.slice(i, i + each).map(frameMessage), (frame) => frames.push(frame) > 0)
        }
        for (const change of changes) frames = changed(frames, change)
        const arrived: (string | Uint8Array)[] = []
        let isEnded = false
        for (const frame of frames) {
          const opened = to.open(frame)
          if (opened === undefined) isEnded = true
          else arrived.push(...opened)
          if (isEnded) expect(opened).toBeUndefined()
        }
        expect(arrived).toEqual(sent.slice(0, arrived.length))
        if (changes.length === 0) expect(arrived).toEqual(sent)
      },
    ),
    { numRuns: 60 },
  )
})

function changed(frames: Uint8Array[], { at, kind, where }: { at: number; kind: string; where: number }): Uint8Array[] {
  const i = at % Math.max(1, frames.length)
  const frame = frames[i]
  if (frame === undefined) return frames
  const others = (...instead: Uint8Array[]): Uint8Array[] => [...frames.slice(0, i), ...instead, ...frames.slice(i + 1)]
  switch (kind) {
    case 'flip': {
      const flipped = frame.slice()
      const spot = where % flipped.length
      flipped[spot] = (flipped[spot] as number) ^ (1 << (where % 8))
      return others(flipped)
    }
    case 'cut':
      return others(frame.subarray(0, where % frame.length))
    case 'drop':
      return others()
    case 'repeat':
      return others(frame, frame)
    case 'swap':
      return i === 0 ? frames : [...frames.slice(0, i - 1), frame, frames[i - 1] as Uint8Array, ...frames.slice(i + 1)]
    default:
      return others(new Uint8Array(where % 100), frame)
  }
}
