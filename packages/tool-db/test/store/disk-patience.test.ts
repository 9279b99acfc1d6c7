import { expect, test } from 'vitest'
import { DiskPatience } from '../../src/store/disk-patience.ts'

function world(): { patience: DiskPatience; read(took: number): string; wait(ms: number): void } {
  let now = 0
  const patience = new DiskPatience(() => now)
  return {
    patience,
    read: (took) =>
      patience.timed(() => {
        now += took
        return 'row'
      }),
    wait: (ms) => {
      now += ms
    },
  }
}

test('[T-122] quick reads go on for ever, and make good for a slow one now and then', () => {
  const { patience, read } = world()
  for (let i = 0; i < 10_000; i++) {
    expect(read(i % 100 === 0 ? 15 : 0.01)).toBe('row')
    expect(patience.mayAsk()).toBe(true)
  }
})

test('[T-122] a disk that makes others wait is left to the threads for a second, then tried again', () => {
  const { patience, read, wait } = world()
  read(10)
  read(10)
  expect(patience.mayAsk()).toBe(true)
  read(10)
  expect(patience.mayAsk()).toBe(false)
  wait(999)
  expect(patience.mayAsk()).toBe(false)
  wait(1)
  expect(patience.mayAsk()).toBe(true)
  read(10)
  expect(patience.mayAsk(), 'what was before is forgotten').toBe(true)
})

test('[T-122] a read that fails gives its error to whoever asked', () => {
  const { patience } = world()
  const failing = (): never => {
    throw new Error('no disk')
  }
  expect(() => patience.timed(failing)).toThrow('no disk')
  expect(patience.mayAsk()).toBe(true)
})
