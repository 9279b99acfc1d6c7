import type { Endpoint } from '@shoal/base'
import { describe, expect, test } from 'vitest'
import { type Host, World, type WorldInit } from '../../src/index.ts'
import { type Gossip, gossipProgram } from './gossip.ts'

interface Town {
  readonly world: World
  readonly hosts: readonly Host<Gossip>[]
}

/** Hosts that all know each other. */
function town(count: number, init: Partial<WorldInit> = {}): Town {
  const world = new World({ seed: 1, ...init })
  const neighbours = (): Endpoint[] => hosts.map(({ endpoint }) => endpoint)
  const hosts: Host<Gossip>[] = []
  for (let i = 0; i < count; i++) hosts.push(world.addHost({ name: `h${i}`, program: gossipProgram(neighbours) }))
  for (const host of hosts) world.start(host)
  return { world, hosts }
}

function say({ world }: Town, host: Host<Gossip>, rumour: string): void {
  world.run(host, (machine) => machine.say(rumour))
}

const knows = (host: Host<Gossip>, rumour: string): boolean => host.machine?.known.has(rumour) === true
const first = ({ hosts }: Town): Host<Gossip> => hosts[0] as Host<Gossip>
const last = ({ hosts }: Town): Host<Gossip> => hosts.at(-1) as Host<Gossip>

test('[M-4] any machine of the shape runs in a world: a rumour reaches everybody, and the run is repeatable though it is signed', () => {
  const run = (): [string, number] => {
    const place = town(50)
    say(place, first(place), 'it rains')
    place.world.runUntil(60_000, () => place.hosts.every((host) => knows(host, 'it rains')))
    expect(place.hosts.every((host) => knows(host, 'it rains'))).toBe(true)
    return [place.world.hash, place.world.events]
  }
  expect(run()).toEqual(run())
})

describe('a host', () => {
  test('[M-5] that is stopped in good order has what it saved when it starts again; after a crash or a lost file it has not', () => {
    for (const [how, loses, expected] of [
      ['orderly', false, true],
      ['crash', false, false],
      ['orderly', true, false],
    ] as const) {
      const place = town(1)
      const { world } = place
      const host = first(place)
      say(place, host, 'remember me')
      world.stop(host, how)
      if (loses) world.loseState(host)
      world.start(host)
      expect(knows(host, 'remember me')).toBe(expected)
    }
  })

  test('[M-5] that is down gets nothing; that is frozen gets what waited in its socket when it goes on', () => {
    const place = town(2)
    const { world } = place
    const host = last(place)
    world.stop(host)
    say(place, first(place), 'a')
    world.advance(10_000)
    expect(world.network.counters.dropped.down).toBeGreaterThan(0)
    world.start(host)
    world.freeze(host)
    world.advance(10_000)
    expect(knows(host, 'a')).toBe(false)
    world.thaw(host)
    expect(knows(host, 'a')).toBe(true)
  })

  test('[M-5] that moves is reached at its new address alone', () => {
    const place = town(2)
    const { world } = place
    const host = last(place)
    const before = host.endpoint.host
    world.move(host)
    expect(host.endpoint.host).not.toBe(before)
    say(place, first(place), 'old address')
    world.advance(5_000)
    // The other was told of the old one when it started.
    expect(knows(host, 'old address')).toBe(false)
    expect(world.network.counters.dropped.nobody).toBeGreaterThan(0)
  })

  test.each([[-3_600_000], [3_600_000], [1], [-1]])('[M-6] goes on though its clock is set by %i ms', (jump) => {
    const place = town(3)
    const { world } = place
    for (const host of place.hosts) world.jumpClock(host, jump)
    say(place, first(place), 'what time is it')
    world.advance(Math.abs(jump) + 20_000)
    expect(place.hosts.every((host) => knows(host, 'what time is it'))).toBe(true)
  })

  test('[M-6] has a clock of its own', () => {
    const place = town(20)
    expect(new Set(place.hosts.map(({ clock }) => clock.shows(0))).size).toBe(20)
  })
})

test('[M-7] parts of a split network do not hear each other, and do again once it is healed', () => {
  const place = town(10)
  const { world, hosts } = place
  world.partition(({ index }) => index % 2)
  say(place, first(place), 'secret')
  world.advance(20_000)
  expect(hosts.map((host) => knows(host, 'secret'))).toEqual(hosts.map((_, i) => i % 2 === 0))
  world.heal()
  world.advance(20_000)
  expect(hosts.every((host) => knows(host, 'secret'))).toBe(true)
})
