import type { Endpoint } from '@shoal/base'
import { expect, test } from 'vitest'
import { MAPPING_LIFETIME_MS, Nat, type NatKind } from '../../src/network/nat.ts'
import { LabelledRandom } from '../../src/random/labelled-random.ts'

const partner: Endpoint = { host: '45.1.1.1', port: 1_000 }
const otherPort: Endpoint = { host: '45.1.1.1', port: 2_000 }
const stranger: Endpoint = { host: '46.1.1.1', port: 1_000 }

/** Who gets in through the hole that a datagram to `partner` made: the partner, its other port, a stranger. */
const WHO_GETS_IN: readonly [Exclude<NatKind, 'none'>, boolean, boolean, boolean][] = [
  ['full-cone', true, true, true],
  ['restricted', true, true, false],
  ['port-restricted', true, false, false],
  ['symmetric', true, false, false],
]

test.each(WHO_GETS_IN)('[M-8] RFC 3489: through a %s NAT', (kind, ...expected) => {
  const nat = new Nat(kind, new LabelledRandom(1, kind))
  const port = nat.outbound(0, partner) as number
  expect([partner, otherPort, stranger].map((from) => nat.inbound(10, from, port))).toEqual(expected)
  expect(nat.inbound(10, partner, port + 1)).toBe(false)
})

test('[M-8] a symmetric NAT has another port for each partner, a cone the same for all', () => {
  for (const kind of ['symmetric', 'port-restricted'] as const) {
    const nat = new Nat(kind, new LabelledRandom(1, kind))
    const ports = new Set([partner, otherPort, stranger].map((to) => nat.outbound(0, to)))
    expect(ports.size).toBe(kind === 'symmetric' ? 3 : 1)
  }
})

test('[M-8] where UDP is blocked nothing gets out or in', () => {
  const nat = new Nat('udp-blocked', new LabelledRandom(1, 'x'))
  expect(nat.outbound(0, partner)).toBeUndefined()
  expect(nat.inbound(0, partner, 6_881)).toBe(false)
})

test.each(WHO_GETS_IN)(
  '[M-8] a mapping of a %s NAT expires unless the host uses it, and goes when it is reset',
  (kind) => {
    const nat = new Nat(kind, new LabelledRandom(1, kind))
    const port = nat.outbound(0, partner) as number
    expect(nat.inbound(MAPPING_LIFETIME_MS - 1, partner, port)).toBe(true)
    expect(nat.outbound(MAPPING_LIFETIME_MS - 1, partner)).toBe(port)
    expect(nat.inbound(2 * MAPPING_LIFETIME_MS - 2, partner, port)).toBe(true)
    expect(nat.inbound(2 * MAPPING_LIFETIME_MS, partner, port)).toBe(false)
    nat.outbound(3 * MAPPING_LIFETIME_MS, partner)
    nat.reset()
    expect(nat.inbound(3 * MAPPING_LIFETIME_MS, partner, port)).toBe(false)
  },
)
