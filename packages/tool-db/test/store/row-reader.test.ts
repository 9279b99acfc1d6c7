import type { ClassicLevel } from 'classic-level'
import { expect, test } from 'vitest'
import { RowCache } from '../../src/store/row-cache.ts'
import { RowReader } from '../../src/store/row-reader.ts'

/** An engine that answers when it is told to, with the rows as they were when it was asked. */
class SlowEngine {
  readonly rows = new Map<string, string>()
  readonly asked: (readonly string[])[] = []
  readonly #answers: (() => void)[] = []

  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    this.asked.push(keys)
    const values = keys.map((key) => this.rows.get(key))
    return new Promise((resolve) => this.#answers.push(() => resolve(values)))
  }

  /** Until it has been asked. */
  async isAsked(): Promise<void> {
    while (this.#answers.length === 0) await Promise.resolve()
  }

  /** Answers everything, and what is asked because of it. */
  async answer(): Promise<void> {
    for (let quiet = 0; quiet < 20; quiet++) {
      const next = this.#answers.shift()
      if (next !== undefined) quiet = 0
      next?.()
      await Promise.resolve()
    }
  }
}

async function world(): Promise<{ engine: SlowEngine; reader: RowReader; write(key: string, text: string): void }> {
  const engine = new SlowEngine()
  const reader = new RowReader({ now: undefined, level: async () => engine as unknown as ClassicLevel })
  return {
    engine,
    reader,
    write: (key, text) => {
      engine.rows.set(key, text)
      reader.noteWritten(key, text)
    },
  }
}

test('[ST-28] reads of one turn are one, those that come while it is under way share the next one, and known rows are not asked for again', async () => {
  const { engine, reader } = await world()
  engine.rows.set('a', '1')
  const first = Promise.all([reader.read(['a']), reader.read(['d'])])
  await engine.isAsked()
  const more = [reader.read(['b', 'a']), reader.read(['c']), reader.read(['b'])]
  await engine.answer()
  expect(await first).toEqual([['1'], [undefined]])
  expect(await Promise.all(more)).toEqual([[undefined, '1'], [undefined], [undefined]])
  expect(engine.asked).toEqual([
    ['a', 'd'],
    ['b', 'c'],
  ])
  expect(await reader.read(['c', 'a'])).toEqual([undefined, '1'])
  expect(engine.asked).toHaveLength(2)
})

test('[ST-28] a read that a write overtakes leaves nothing stale behind', async () => {
  const { engine, reader, write } = await world()
  engine.rows.set('a', 'old')
  const during = reader.read(['a', 'b'])
  await engine.isAsked()
  write('a', 'new')
  await engine.answer()
  // Both were under way at once: either answer would be true.
  expect(await during).toEqual(['old', undefined])
  expect(await reader.read(['a'])).toEqual(['new'])
  expect(engine.asked).toHaveLength(1)
})

test('[ST-28] after a write that failed the engine is asked what is there', async () => {
  const { engine, reader, write } = await world()
  write('a', '1')
  reader.noteUncertain('a')
  const read = reader.read(['a'])
  await engine.answer()
  expect(await read).toEqual(['1'])
  expect(engine.asked).toEqual([['a']])
})

test('[ST-28] a read that fails rejects those that share it, and the next one is tried again', async () => {
  let isBroken = true
  const engine = {
    getMany: (keys: readonly string[]) =>
      isBroken ? Promise.reject(new Error('disk')) : Promise.resolve(keys.map(() => 'here')),
  }
  const reader = new RowReader({ now: undefined, level: async () => engine as unknown as ClassicLevel })
  await expect(reader.read(['a'])).rejects.toThrow('disk')
  isBroken = false
  expect(await reader.read(['a'])).toEqual(['here'])
})

test('[ST-28] what is kept is bounded by number and by size, the oldest out', () => {
  const cache = new RowCache({ rowsMax: 4, sizeMax: 40 })
  for (const key of ['a', 'b', 'c', 'd', 'e']) cache.set(key, undefined)
  expect(['a', 'b', 'c', 'd', 'e'].map((key) => cache.get(key) !== undefined)).toEqual([false, false, true, true, true])
  cache.set('f', 'x'.repeat(19))
  expect(['c', 'd', 'e', 'f'].map((key) => cache.get(key) !== undefined)).toEqual([false, false, true, true])
  cache.set('g', 'x'.repeat(20))
  expect(['e', 'f', 'g'].map((key) => cache.get(key) !== undefined)).toEqual([true, true, false])
  cache.set('h', '1')
  expect(['e', 'f', 'h'].map((key) => cache.get(key))).toEqual([undefined, 'x'.repeat(19), '1'])
})

test('[ST-28] what is known of a row is its last word, also where an older one was about to go', () => {
  const cache = new RowCache({ rowsMax: 4, sizeMax: 400 })
  cache.set('a', 'old')
  cache.set('b', '1')
  cache.set('c', '1')
  cache.set('a', undefined)
  expect(cache.get('a')).toBe(null)
  cache.set('b', 'new')
  expect(cache.get('b')).toBe('new')
  cache.forget('b')
  expect(cache.get('b')).toBe(undefined)
})

test('[T-122] before the engine is open, and when it fails, nothing is read at once', async () => {
  const engine: { now: ClassicLevel | undefined; level(): Promise<ClassicLevel> } = {
    now: undefined,
    level: () => new Promise(() => undefined),
  }
  const reader = new RowReader(engine)
  expect(reader.readNow(['a'])).toBeUndefined()
  let isBroken = false
  const getSync = (key: string): string | undefined => {
    if (isBroken) throw new Error('closed')
    return key === 'a' ? '1' : undefined
  }
  engine.now = { getSync } as unknown as ClassicLevel
  expect(reader.readNow(['a', 'b'])).toEqual(['1', undefined])
  isBroken = true
  expect(reader.readNow(['a', 'b']), 'known rows').toEqual(['1', undefined])
  expect(reader.readNow(['c'])).toBeUndefined()
  reader.noteWritten('c', '2')
  expect(reader.readNow(['c'])).toEqual(['2'])
})
