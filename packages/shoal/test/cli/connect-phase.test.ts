import { EventEmitter } from 'node:events'
import type { Candidate } from '@shoal/peer'
import type { PeerInfo } from '@shoal/tool-db'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectPhase, SETTLE_MS } from '../../src/cli/connect-phase.ts'
import { Encounters } from '../../src/cli/encounters.ts'
import type { JoinedSwarmEvents } from '../../src/joined-swarm.ts'

function candidate(port: number): Candidate {
  return { host: '127.0.0.1', port, family: 'ipv4', source: 'dht', firstSeen: 0 }
}

function peer(port: number, more: Partial<PeerInfo> = {}): PeerInfo {
  const peerId = `peer ${port}`
  const place = { host: '127.0.0.1', port, server: true, inbound: false }
  return { peerId, clientId: peerId, ...place, proven: true, encrypted: true, certified: false, ...more }
}

function world(options: { hasDht?: boolean } = {}) {
  const swarm = Object.assign(new EventEmitter<JoinedSwarmEvents>(), {
    asked: options.hasDht === false ? [] : ['dht' as const],
  })
  const db = Object.assign(new EventEmitter(), { swarm })
  const encounters = new Encounters(db)
  const state: { result: boolean | undefined } = { result: undefined }
  const begin = (timeoutMs = 10_000): void => {
    void connectPhase(encounters, timeoutMs).then((result) => {
      state.result = result
    })
  }
  const connect = (port: number, more: Partial<PeerInfo> = {}): void => {
    db.emit('connected', peer(port, more))
    if (more.server === false) return
    swarm.emit('outcome', { host: '127.0.0.1', port }, { kind: 'connected', peerId: `peer ${port}`, proven: true })
  }
  return { swarm, db, encounters, begin, connect, state }
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the connect phase', () => {
  test('[C-37] ends at once when the look-up is over and all that was found has been dialled', async () => {
    const { swarm, begin, connect, state } = world()
    begin()
    swarm.emit('candidate', candidate(1))
    swarm.emit('candidate', candidate(2))
    connect(1)
    swarm.emit('searched', true, 'dht')
    await pass(1)
    expect(state.result).toBeUndefined()
    swarm.emit('outcome', { host: '127.0.0.1', port: 2 }, { kind: 'failed', reason: 'gone' })
    await pass(0)
    expect(state.result).toBe(true)
  })

  test('[C-37] otherwise ends when no further server has come for a while', async () => {
    const { begin, connect, state } = world()
    begin()
    connect(1)
    await pass(SETTLE_MS - 1)
    connect(2)
    await pass(SETTLE_MS - 1)
    expect(state.result).toBeUndefined()
    await pass(1)
    expect(state.result).toBe(true)
  })

  test('[C-37] a client that connects, or a look-up without a server, is nothing to begin with', async () => {
    const { swarm, begin, connect, state } = world()
    begin(1_000)
    connect(1, { server: false })
    swarm.emit('searched', true, 'dht')
    await pass(999)
    expect(state.result).toBeUndefined()
    await pass(1)
    expect(state.result).toBe(false)
  })

  test('[C-37] without a DHT only those given by hand are waited for', async () => {
    const { swarm, begin, connect, state } = world({ hasDht: false })
    swarm.emit('candidate', candidate(1))
    begin()
    connect(1)
    await pass(0)
    expect(state.result).toBe(true)
  })
})

test('[C-25] a candidate is told once, with the source it first came from; a server learned from others came by pex', () => {
  const { swarm, encounters } = world()
  const told: number[] = []
  encounters.onCandidate = ({ port }) => told.push(port)
  for (const port of [1, 2, 1]) swarm.emit('candidate', candidate(port))
  expect(told).toEqual([1, 2])
  expect(encounters.sourceOf({ host: '127.0.0.1', port: 1 })).toBe('dht')
  expect(encounters.sourceOf({ host: '127.0.0.1', port: 3 })).toBe('pex')
})

test('[C-37] a server that goes is not counted', () => {
  const { db, encounters, connect } = world()
  connect(1)
  connect(2)
  db.emit('disconnected', peer(1))
  expect(encounters.servers).toBe(1)
})
