import { bytesEqual, utf8 } from '@shoal/base'
import { expect, test } from 'vitest'
import { BATCH_COUNT_MAX, frameLength, frameMessage, NoiseFrames } from '../../src/index.ts'
import { pair, random, shake } from './pair.ts'

function channel(): { readonly a: NoiseFrames; readonly b: NoiseFrames } {
  const { initiator, responder } = shake(pair()) as NonNullable<ReturnType<typeof shake>>
  return { a: new NoiseFrames(initiator), b: new NoiseFrames(responder) }
}

function sealed(frames: NoiseFrames, ...messages: readonly (string | Uint8Array)[]): Uint8Array {
  let taken = new Uint8Array(0) as Uint8Array
  frames.seal(messages.map(frameMessage), (frame) => {
    taken = frame
    return true
  })
  return taken
}

test('[E-5] texts and bytes of any size come through, both ways, in frames of a known length', () => {
  const { a, b } = channel()
  const sizes = [0, 1, 65_513, 65_514, 65_515, 131_032, 131_033, 1_048_576]
  for (const size of sizes) {
    for (const message of ['ü'.repeat(size / 2) + 'x'.repeat(size % 2), random.bytes(size)]) {
      const frame = sealed(a, message)
      expect(frame.length).toBe(frameLength(size))
      expect(isSame(b.open(frame), message)).toBe(true)
      expect(isSame(a.open(sealed(b, message)), message)).toBe(true)
    }
  }
})

test('[E-5] half of a surrogate pair comes through as U+FFFD, as in any UTF-8', () => {
  const { a, b } = channel()
  const texts = ['a\ud800b', '\udc00', 'whole \u{1f600}']
  expect(b.open(sealed(a, ...texts))).toEqual(['a\ufffdb', '\ufffd', 'whole \u{1f600}'])
})

test('[E-5] nothing of a message shows in its frame, and equal messages have different frames', () => {
  const { a } = channel()
  const text = 'a secret that would be recognised'
  const frames = [sealed(a, text), sealed(a, text)] as const
  for (const frame of frames) expect(Buffer.from(frame).includes(text)).toBe(false)
  expect(frames[0]).not.toEqual(frames[1])
})

test('[E-5] several messages share a frame, and come out in their order; too many are refused', () => {
  const { a, b } = channel()
  const messages = ['', 'text', random.bytes(9), 'ü'.repeat(40_000), new Uint8Array(0)]
  expect(b.open(sealed(a, ...messages))).toEqual(messages)
  const many = Array.from({ length: BATCH_COUNT_MAX }, () => '')
  expect(b.open(sealed(a, ...many))).toEqual(many)
  expect(b.open(sealed(a, ...many, 'one more'))).toBeUndefined()
})

test('[E-6] what is inside a frame must be messages to the last byte', () => {
  const wrong = [
    [],
    [0],
    [0, 0, 0, 1],
    [0, 0, 0, 2, 65],
    [0, 0, 0, 0, 9],
    [0xff, 0xff, 0xff, 0xff],
    [0, 0, 0, 0, 0, 0, 0],
  ]
  for (const content of wrong) {
    const { initiator, responder } = shake(pair()) as NonNullable<ReturnType<typeof shake>>
    const out = new Uint8Array(1 + content.length + 16)
    initiator.sending.seal(Uint8Array.of(0, ...content), out)
    expect(new NoiseFrames(responder).open(out)).toBeUndefined()
  }
})

test('[E-6] a frame that is changed, cut, repeated, left out or put before another is refused, and so is all that follows', () => {
  const cases: ((frames: readonly Uint8Array[]) => readonly Uint8Array[])[] = [
    ([first]) => [Uint8Array.from(first as Uint8Array, (byte, i) => (i === 3 ? byte ^ 1 : byte))],
    ([first]) => [(first as Uint8Array).subarray(0, -1)],
    ([first]) => [Uint8Array.of(...(first as Uint8Array), 0)],
    ([, second]) => [second as Uint8Array],
    () => [new Uint8Array(0)],
    () => [new Uint8Array(16)],
    () => [utf8('{"type":"ping"}')],
    () => [random.bytes(17)],
  ]
  for (const change of cases) {
    const { a, b } = channel()
    const frames = [sealed(a, 'first'), sealed(a, 'second')]
    for (const frame of change(frames)) expect(b.open(frame)).toBeUndefined()
    for (const frame of frames) expect(b.open(frame)).toBeUndefined()
  }
  const { a, b } = channel()
  const frame = sealed(a, 'once')
  expect(b.open(frame)).toEqual(['once'])
  expect(b.open(frame)).toBeUndefined()
})

test('[E-6] a long frame cut between two of its pieces shows', () => {
  const { a, b } = channel()
  const frame = sealed(a, 'x'.repeat(200_000))
  expect(b.open(frame.subarray(0, 65_535))).toBeUndefined()
})

test('[E-6] one side’s own frame sent back to it is refused', () => {
  const { a } = channel()
  expect(a.open(sealed(a, 'echo'))).toBeUndefined()
})

test('[E-6] a text that is not well-formed is refused', () => {
  const { initiator, responder } = shake(pair()) as NonNullable<ReturnType<typeof shake>>
  const out = new Uint8Array(7 + 16)
  initiator.sending.seal(Uint8Array.of(0, 0, 0, 0, 2, 0xff, 0xfe), out)
  expect(new NoiseFrames(responder).open(out)).toBeUndefined()
})

test('[E-7] a frame that was not taken is as if it had never been sealed', () => {
  const { a, b } = channel()
  expect(a.seal([frameMessage('refused')], () => false)).toBe(false)
  expect(b.open(sealed(a, 'taken'))).toEqual(['taken'])
})

test('[E-8] each direction’s key changes after 65,536 Noise messages, also within one frame', () => {
  const { initiator, responder } = shake(pair()) as NonNullable<ReturnType<typeof shake>>
  const [a, b] = [new NoiseFrames(initiator), new NoiseFrames({ ...responder, receiving: responder.receiving.copy() })]
  const unchanging = responder.receiving
  const out = new Uint8Array(6)
  for (let i = 0; i < 65_536 - 1; i++) {
    const frame = sealed(a, Uint8Array.of(i))
    if (i > 65_500) expect(b.open(frame)).toEqual([Uint8Array.of(i)])
    else b.open(frame)
    unchanging.open(frame, out)
  }
  const long = random.bytes(100_000)
  const frame = sealed(a, long)
  expect(isSame(b.open(frame), long)).toBe(true)
  const [first, second] = [frame.subarray(0, 65_535), frame.subarray(65_535)]
  expect(unchanging.open(first, new Uint8Array(first.length - 16))).toBe(true)
  expect(unchanging.open(second, new Uint8Array(second.length - 16))).toBe(false)
  unchanging.rekey()
  expect(unchanging.open(second, new Uint8Array(second.length - 16))).toBe(true)
  expect(b.open(sealed(a, 'after'))).toEqual(['after'])
  expect(a.open(sealed(b, 'the other direction'))).toEqual(['the other direction'])
})

function isSame(list: readonly (string | Uint8Array)[] | undefined, b: string | Uint8Array): boolean {
  const [a] = list ?? []
  if (a instanceof Uint8Array && b instanceof Uint8Array) return bytesEqual(a, b)
  return a === b
}
