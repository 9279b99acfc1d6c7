import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import { NONE } from '../../../src/core/storage/info-hash-table.ts'
import { SlotShares } from '../../../src/core/storage/slot-shares.ts'

test('[D-126] shares count what each source holds, the oldest first, as lists would', () => {
  const random = seededRandom(7)
  const shares = new SlotShares()
  const lists = new Map<string, number[]>()
  for (let i = 0; i < 5_000; i++) {
    const slot = random.uint32() % 64
    const source = `s${random.uint32() % 5}`
    for (const list of lists.values()) if (list.includes(slot)) list.splice(list.indexOf(slot), 1)
    if (random.uint32() % 3 === 0) shares.remove(slot)
    else {
      shares.add(slot, source)
      lists.set(source, [...(lists.get(source) ?? []), slot])
    }
    for (const [name, list] of lists) {
      expect([shares.countOf(name), shares.oldestOf(name)]).toEqual([list.length, list[0] ?? NONE])
    }
    expect(shares.size).toBe([...lists.values()].filter((list) => list.length > 0).length)
  }
})
