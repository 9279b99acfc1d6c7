import { expect, test } from 'vitest'
import { Disk } from '../../src/database/disk.ts'
import { LabelledRandom } from '../../src/random/labelled-random.ts'

function write(disk: Disk, at: number, key: string, value: string) {
  const batch = { writes: [{ key, value }], expect: new Map<string, string>() }
  disk.begin(batch)
  return { complete: () => disk.complete(at, batch) }
}

const rowsOf = (disk: Disk): string => [...disk.entries()].map(([key, { value }]) => key + value).join(' ')

test('[H-32] what was completed survives the process; what was under way is there in order or is not', () => {
  const seen = new Set<string>()
  for (let seed = 0; seed < 50; seed++) {
    const disk = new Disk('memory')
    write(disk, 1, 'a', '1').complete()
    write(disk, 2, 'b', '2')
    write(disk, 3, 'c', '3')
    disk.crash(4, 'process', new LabelledRandom(seed, 'disk'))
    seen.add(rowsOf(disk))
  }
  expect([...seen].sort()).toEqual(['a1', 'a1 b2', 'a1 b2 c3'])
})

test('[H-32] a loss of power takes what was not flushed, the newest first; nothing where each batch is flushed', () => {
  const seen = new Set<string>()
  for (let seed = 0; seed < 50; seed++) {
    const disk = new Disk('memory')
    write(disk, 1, 'old', '1').complete()
    write(disk, 40_000, 'a', '1').complete()
    write(disk, 40_001, 'a', '2').complete()
    disk.crash(40_002, 'power', new LabelledRandom(seed, 'disk'))
    seen.add(rowsOf(disk))
    const flushed = new Disk('sync')
    write(flushed, 1, 'a', '1').complete()
    flushed.crash(2, 'power', new LabelledRandom(seed, 'disk'))
    expect(rowsOf(flushed)).toBe('a1')
  }
  expect([...seen].sort()).toEqual(['old1', 'old1 a1', 'old1 a2'])
})

test('[H-32] a row that is not as expected is left, and a disk that fails is left whole', () => {
  const disk = new Disk('sync')
  write(disk, 1, 'a', '1').complete()
  const stale = { writes: [{ key: 'a', value: '2' }], expect: new Map([['a', 'another']]) }
  disk.begin(stale)
  expect(disk.complete(2, stale)).toBe(false)
  disk.isFailing = true
  expect(() => write(disk, 3, 'a', '3').complete()).toThrow('full')
  expect(rowsOf(disk)).toBe('a1')
})
