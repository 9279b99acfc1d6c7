import { latin1, type RandomSource, seededRandom } from '@shoal/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type NodeId, readNodeId } from '../../../src/core/id/node-id.ts'
import { InfoHashTable, NONE } from '../../../src/core/storage/info-hash-table.ts'
import { PEER_LIFETIME_MS, PeerStore } from '../../../src/core/storage/peer-store.ts'

/** Info hashes that differ in one byte, at the front or at the end. */
const idOf = (n: number): NodeId => readNodeId(new Uint8Array(20).fill(9).with(n % 2 === 0 ? 0 : 19, n))
const NO_RANDOMNESS: RandomSource = { bytes: (length) => new Uint8Array(length), uint32: () => 0 }

test('[D-20] the table of info hashes finds what was added and not removed, oldest first', () => {
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'touch'), fc.nat({ max: 255 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const table = new InfoHashTable(NO_RANDOMNESS)
      /** In order of use. */
      const model = new Map<number, number>()
      for (const [what, n] of steps) {
        const slot = model.get(n)
        if (slot === undefined) {
          if (what === 'add') model.set(n, table.add(idOf(n)))
          continue
        }
        model.delete(n)
        if (what === 'remove') table.remove(slot)
        else {
          table.touch(slot)
          model.set(n, slot)
        }
      }
      expect(table.size).toBe(model.size)
      for (let n = 0; n < 256; n++) expect(table.find(idOf(n))).toBe(model.get(n) ?? NONE)
      const slots: number[] = []
      for (let slot = table.oldest; slot !== NONE; slot = table.newerThan(slot)) slots.push(slot)
      expect(slots).toEqual([...model.values()])
      for (const [n, slot] of model) expect(table.infoHash(slot)).toEqual(idOf(n))
    }),
  )
})

test.each([6, 18])(
  '[D-20] within its bounds the store keeps exactly the peers of %i bytes that were announced',
  (peerBytes) => {
    const limits = {
      infoHashesMax: 300,
      peersMax: 10_000,
      peersPerInfoHashMax: 500,
      peersPerAddressMax: Number.POSITIVE_INFINITY,
      peersPerPrefixMax: Number.POSITIVE_INFINITY,
      infoHashesPerAddressMax: Number.POSITIVE_INFINITY,
    }
    const announcement = fc.record({
      hash: fc.nat({ max: 12 }),
      // Some that agree in nearly all bytes, some in few.
      peer: fc.tuple(fc.nat({ max: peerBytes - 1 }), fc.nat({ max: 20 })),
      isSeed: fc.boolean(),
      wait: fc.constantFrom(0, 0, 0, 0, 1, PEER_LIFETIME_MS / 3),
    })
    fc.assert(
      fc.property(fc.array(announcement, { maxLength: 300 }), fc.nat(), (announcements, seed) => {
        const store = new PeerStore({ limits, random: seededRandom(seed), peerBytes })
        const model = new Map<number, Map<string, { at: number; isSeed: boolean }>>()
        let now = 0
        for (const { hash, peer, isSeed, wait } of announcements) {
          now += wait
          const compact = new Uint8Array(peerBytes).fill(7).with(peer[0], peer[1])
          store.announce(now, idOf(hash), { peer: compact, isSeed })
          const peers = model.get(hash) ?? new Map()
          model.set(hash, peers.set(latin1(compact), { at: now, isSeed }))
          for (const [hash, peers] of model) {
            const alive = [...peers].filter(([, { at }]) => now - at < PEER_LIFETIME_MS)
            expect([...store.sample(now, idOf(hash), 500)].sort()).toEqual(alive.map(([key]) => key).sort())
            const { count } = store.draw(now, idOf(hash), { count: 3, noSeed: true })
            expect(count).toBe(Math.min(alive.length, 3))
          }
        }
        store.expire(now)
        const alive = [...model.values()]
          .flatMap((peers) => [...peers.values()])
          .filter(({ at }) => now - at < PEER_LIFETIME_MS)
        expect(store.size).toBe(alive.length)
      }),
      { numRuns: 60 },
    )
  },
)
