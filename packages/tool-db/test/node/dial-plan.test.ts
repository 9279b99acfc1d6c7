import { seededRandom } from '@shoal/base'
import { expect, test } from 'vitest'
import type { NodeConfig } from '../../src/core/node/config.ts'
import { DialPlan } from '../../src/core/node/dial-plan.ts'
import { Kernel } from '../../src/core/node/kernel.ts'
import { DEFAULT_LIMITS } from '../../src/core/node/limits.ts'
import type { Session } from '../../src/core/node/session.ts'
import { START, sha256, TestKey } from './world.ts'

test('[T-28] a second endpoint of a peer is tried again when that peer goes, also where only its client id was known', () => {
  const kernel = new Kernel({ random: seededRandom(1), sha256, limits: DEFAULT_LIMITS })
  kernel.now = START
  const plan = new DialPlan(
    { kernel, config: { wait: 2_000, maxRetries: 5 } as NodeConfig },
    { isConnectedPeer: () => false, serversConnected: () => 0, onGivenUp: () => undefined, hangUp: () => undefined },
  )
  const dials = (): number[] => kernel.takeEffects().flatMap((effect) => (effect.kind === 'dial' ? [effect.id] : []))
  const { address } = new TestKey('plain')
  plan.add({ host: '45.1.1.1', port: 9_000 }, 'given')
  const session = { channel: 1, state: { kind: 'opened' } } as Session
  plan.handleOpened(dials()[0] as number)?.bind(session)
  plan.report(session, { kind: 'duplicate', peerId: address.slice(-20) })
  plan.handlePeerGone(new TestKey('another').address)
  kernel.now = START + 5_000
  kernel.runDueTimers()
  expect(dials()).toEqual([])
  plan.handlePeerGone(address)
  kernel.now = START + 10_000
  kernel.runDueTimers()
  expect(dials()).toHaveLength(1)
})
