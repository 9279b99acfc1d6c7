/**
 * Signed records where they were not written: moved, changed, dated otherwise. Each is refused with a code that an honest
 * sender is told and `stats()` counts; nothing is stored, relayed or shown.
 */

import { expect, test } from 'vitest'
import { TestKey, World } from '../node/world.ts'
import { scene } from './scene.ts'

test('[T-101] a bound record under another key', () => {
  const { world, server, victim, put, count } = scene()
  const record = victim.bound('here', 'value', { time: world.now })
  expect(put({ ...record, k: 'elsewhere' })).toBe('InvalidBinding')
  expect(put({ ...record, k: `:${victim.address}.here` })).toBe('InvalidBinding')
  expect(put(record)).toBe('OK')
  expect([...server.rows.keys()]).toEqual(['here'])
  expect(count('records.InvalidBinding')).toBe(2)
})

test('[T-101] a bound record as another type: no value becomes a deletion or a CRDT, nor the other way round', () => {
  const { world, server, victim, put, count } = scene()
  const value = victim.bound('k', null, { time: world.now })
  const deletion = victim.bound('gone', null, { time: world.now, type: 'DEL' })
  expect(put({ ...value, c: 'DEL' })).toBe('InvalidBinding')
  expect(put({ ...deletion, c: null })).toBe('InvalidBinding')
  expect(put(value)).toBe('OK')
  expect(put(deletion)).toBe('OK')
  expect(JSON.parse(server.rows.get('k')?.value ?? '')).toMatchObject({ c: null })
  expect(count('records.InvalidBinding')).toBe(2)
})

test('[T-101] a bound record of another topic, unless its topic is accepted', () => {
  const strange = scene()
  const record = strange.victim.bound('k', 'from elsewhere', { time: strange.world.now, topic: 'another topic' })
  expect(strange.put(record)).toBe('InvalidBinding')
  expect(strange.server.rows.size).toBe(0)
  expect(scene({ config: { acceptTopics: ['another topic'] } }).put(record)).toBe('OK')
})

test('[T-101] a server that takes records of an earlier topic is no forger for one that does not', () => {
  const world = new World()
  const config = { acceptTopics: ['before'] }
  const [renamed, strict, client] = [world.server({ config }), world.server(), world.client()]
  strict.connect(renamed)
  client.connect(renamed)
  world.run(1_000)
  const author = new TestKey('author')
  for (let i = 0; i < 50; i++) {
    const record = author.bound(`k${i}`, i, { time: world.now, topic: 'before' })
    renamed.rows.set(record.k, { value: JSON.stringify(record), version: `${i}` })
    client.get(record.k)
    strict.get(record.k)
    world.run(10)
  }
  expect(client.peers).toContain(renamed.peerId)
  expect(strict.peers).toContain(renamed.peerId)
  for (const node of [client, strict]) {
    expect(node.machine.stats()['records.InvalidBinding']).toBeGreaterThanOrEqual(50)
    expect(node.machine.stats()).toMatchObject({ 'now.peers': 2 })
    expect(node.rows.size).toBe(0)
  }
  // A client writes to one topic alone: what it binds to another was never its own.
  const forger = world.raw(renamed).greet()
  for (let i = 0; i < 25; i++) forger.put(author.bound(`k${i}`, i, { time: world.now, topic: 'neither' }))
  world.run(100)
  expect(forger.isClosed).toBe(true)
})

test('[T-101] another value under a valid signature, in anybody’s namespace', () => {
  const { world, server, victim, put, count } = scene()
  const key = `:${victim.address}.profile`
  for (const record of [
    victim.plain(key, { name: 'honest' }, { time: world.now }),
    victim.bound(key, { name: 'honest' }, { time: world.now + 1 }),
  ]) {
    expect(put(record)).toBe('OK')
    expect(put({ ...record, v: { name: 'forged' } })).toBe('InvalidHashNonce')
    expect(put({ ...record, v: { name: 'forged' }, t: record.t + 5 })).toBe('InvalidHashNonce')
  }
  expect(server.held(key)).toEqual({ name: 'honest' })
  expect(count('records.InvalidHashNonce')).toBe(4)
})

test('[T-101] a hash that holds under a signature that does not, or is another’s', () => {
  const { world, server, victim, put, count } = scene()
  const thief = new TestKey('thief')
  const record = victim.plain('k', 'never signed', { time: world.now })
  expect(put({ ...record, s: 'ab'.repeat(64) })).toBe('InvalidSignature')
  expect(put({ ...record, s: thief.sign(record.h) })).toBe('InvalidSignature')
  expect(put({ ...record, a: thief.address })).toBe('InvalidHashNonce')
  expect(server.rows.size).toBe(0)
  expect(count('records.InvalidSignature')).toBe(2)
})

test('[T-101] digits moved between the time and the nonce, which stand side by side in the hashed text', () => {
  const { world, server, victim, put, count } = scene()
  const record = victim.plain('k', 'honest', { time: world.now, nonce: 77 })
  const digits = `${record.t}${record.n}`
  for (let split = 11; split < digits.length; split++) {
    if (split === 13) continue
    const moved = { ...record, t: Number(digits.slice(0, split)), n: Number(digits.slice(split)) }
    // The frame itself is malformed: a time has 13 digits.
    expect(put(moved), `${moved.t} and ${moved.n}`).toBe('MALFORMED')
  }
  expect(count('rejected.bad_field')).toBe(3)
  expect(server.rows.size).toBe(0)
})

test('[T-101] a nonce that says a number in another way is no nonce', () => {
  const { world, server, victim, put } = scene()
  const record = victim.plain('k', 'honest', { time: world.now, nonce: 7 })
  for (const n of ['7', 7.5, -7]) expect(put({ ...record, n }), String(n)).toBe('MALFORMED')
  expect(put(record)).toBe('OK')
  expect(server.held('k')).toBe('honest')
})

test('[T-101] a forged time: ahead of us, behind what is held, or the end of another’s record', () => {
  const { world, server, victim, put, count } = scene()
  expect(put(victim.plain('k', 'tomorrow', { time: world.now + 86_400_000 }))).toBe('InvalidTimestamp')
  expect(put(victim.plain('k', 'in a minute', { time: world.now + 60_000 }))).toBe('InvalidTimestamp')
  expect(put(victim.plain('k', 'honest', { time: world.now }))).toBe('OK')
  expect(put(victim.plain('k', 'replayed', { time: world.now - 86_400_000 }))).toBe('SUPERSEDED')
  const ending = victim.bound('e', 'ending', { time: world.now, expiry: world.now + 60_000 })
  for (const n of [`${ending.n}`.slice(0, -14), `${ending.n}`.slice(0, -13) + (world.now + 9_000_000)]) {
    expect(put({ ...ending, n })).toBe('InvalidHashNonce')
  }
  expect(server.held('k')).toBe('honest')
  expect(server.rows.has('e')).toBe(false)
  expect(count('records.InvalidTimestamp')).toBe(2)
})

test('[T-101] another’s namespace, in every way of writing it', () => {
  const { world, server, victim, put, count } = scene()
  const thief = new TestKey('thief')
  const keys = [`:${victim.address}.name`, `:${victim.address}`, `:${victim.address}..name`, `:${victim.address}. `]
  for (const key of keys) {
    expect(put(thief.bound(key, 'mine', { time: world.now })), key).toBe('AddressMismatch')
    expect(put(thief.plain(key, 'mine', { time: world.now })), key).toBe('AddressMismatch')
  }
  // Half an address, or more than one, is nobody's.
  expect(put(thief.bound(`:${thief.address.slice(0, -1)}.name`, 1, { time: world.now }))).toBe('AddressMismatch')
  expect(put(thief.bound(`:${thief.address}${victim.address}.name`, 1, { time: world.now }))).toBe('AddressMismatch')
  expect(server.rows.size).toBe(0)
  expect(count('records.AddressMismatch')).toBe(10)
})

test('[T-101] who sends forged records again and again is dropped and kept out; who relayed one is not', () => {
  const { world, server, victim, count } = scene()
  const record = victim.plain('k', 'honest', { time: world.now })
  const [relay, forger] = [world.raw(server).greet({ isServer: true }), world.raw(server).greet()]
  for (let i = 0; i < 25; i++) {
    relay.put({ ...record, v: `forged ${i}` })
    forger.put({ ...record, v: `forged ${i}` })
  }
  world.run(100)
  expect([relay.isClosed, forger.isClosed]).toEqual([false, true])
  expect(server.eventsOf('misbehaved')).toMatchObject([{ reason: 'bad-record', remote: { host: forger.host } }])
  expect(world.raw(server, { host: forger.host }).greet().isClosed).toBe(true)
  expect(count('faults.bad-record')).toBe(20)
  expect(count('refused.banned')).toBe(1)
})

test('[T-101] without proof of work where it is asked for, whatever else holds', () => {
  const { world, server, victim, put, count } = scene({ config: { pow: 4 } })
  expect(put(victim.plain('k', 1, { time: world.now }))).toBe('NoProofOfWork')
  const cheap = victim.plain('k', 1, { time: world.now })
  expect(put({ ...cheap, h: `0000${cheap.h.slice(4)}` })).toBe('InvalidHashNonce')
  expect(server.rows.size).toBe(0)
  expect(count('records.NoProofOfWork')).toBe(1)
})
