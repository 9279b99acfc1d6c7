/** Discovery as the database sees it: proposals come in, outcomes go back. */

import { AsyncQueue, type Endpoint, HOUR } from '@shoal/base'
import type { Candidate, DialOutcome, Swarm, SwarmSession, Topic } from '@shoal/peer'
import { expect, test } from 'vitest'
import { TestOwner } from '../../../peer/test/test-owner.ts'
import { placeOf, server, started, temporaryDirectory, until } from './world.ts'

class TestSwarm implements Swarm {
  readonly candidates = new AsyncQueue<Candidate>({ limit: 100 })
  readonly announced: boolean[] = []
  readonly outcomes: { endpoint: Endpoint; outcome: DialOutcome }[] = []
  joined: { topic: string | Topic; port: number | undefined } | undefined
  left = false
  hosts: string[] = []

  join(topic: string | Topic, options: { port?: number } = {}): SwarmSession {
    this.joined = { topic, port: options.port }
    return {
      [Symbol.asyncIterator]: () => this.candidates,
      report: (endpoint, outcome) => this.outcomes.push({ endpoint, outcome }),
      announce: (on) => this.announced.push(on),
      leave: async () => {
        this.left = true
        this.candidates.end()
      },
    }
  }

  externalHosts(): readonly string[] {
    return this.hosts
  }

  propose(endpoint: Endpoint): void {
    this.candidates.push({ ...endpoint, family: 'ipv4', source: 'dht', firstSeen: Date.now() })
  }
}

test('[T-61] a candidate is dialled, its outcome reported, and the session left at the end', async () => {
  const a = await server()
  const swarm = new TestSwarm()
  const client = await started({ discovery: swarm })
  const seen: Candidate[] = []
  client.on('candidate', (candidate: Candidate) => seen.push(candidate))
  expect(swarm.joined).toEqual({ topic: 'face', port: undefined })
  swarm.propose(placeOf(a))
  await until(() => swarm.outcomes.length === 1)
  expect(swarm.outcomes[0]).toEqual({
    endpoint: placeOf(a),
    outcome: { kind: 'connected', peerId: a.peerAccount.getAddress(), proven: true },
  })
  expect(seen).toHaveLength(1)
  swarm.propose({ host: '127.0.0.1', port: 1 })
  await until(() => swarm.outcomes.some(({ outcome }) => outcome.kind === 'failed'))
  await a.close()
  await until(() => swarm.outcomes.some(({ outcome }) => outcome.kind === 'disconnected'))
  await client.close()
  expect(swarm.left).toBe(true)
})

test('[T-27] a server never connects to itself: by its address, by loopback, by a name', async () => {
  const swarm = new TestSwarm()
  const a = await server({ discovery: swarm, bind: undefined, host: 'localhost' })
  const { port } = placeOf(a)
  expect(swarm.joined).toEqual({ topic: 'face', port })
  for (const host of ['localhost', '127.0.0.1', '127.0.0.2']) swarm.propose({ host, port })
  await until(() => swarm.outcomes.length === 3)
  for (const { outcome } of swarm.outcomes) expect(outcome).toEqual({ kind: 'self' })
  a.network.connectTo('localhost', port)
  expect(a.peers).toEqual([])
})

test('[T-90] a server signs its external address, anew when that changes; tool-db’s default host is never signed', async () => {
  const swarm = new TestSwarm()
  swarm.hosts = ['203.0.113.9']
  const a = await server({ discovery: swarm })
  await until(() => a.serverPeers.length === 1)
  expect(a.serverPeers[0]).toMatchObject({ host: '203.0.113.9', topic: 'face' })
  const bound = await server({ bind: undefined })
  await until(() => bound.serverPeers.length === 1)
  expect(bound.serverPeers[0]?.host).not.toBe('0.0.0.0')
  const given = await server({ host: 'db.example.org', discovery: swarm })
  await until(() => given.serverPeers.length === 1)
  expect(given.serverPeers[0]?.host).toBe('db.example.org')
})

test('[O-25] a server whose certificate is of tomorrow is not announced: discovery hears so from the start', async () => {
  const owner = new TestOwner()
  const kept = { topic: owner.topic.publicId, store: undefined, storageName: await temporaryDirectory() }
  const first = await server(kept)
  const peerId = first.peerAccount.getAddress() ?? ''
  await first.close()
  const swarm = new TestSwarm()
  const certificate = owner.certificate({ peerId, from: Date.now() + HOUR, until: Date.now() + 2 * HOUR })
  await server({ ...kept, certificate, discovery: swarm })
  expect(swarm.announced).toEqual([false])
})
