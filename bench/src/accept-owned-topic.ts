/**
 * A topic with an owner. In virtual time: a thousand fakes, and how soon the one genuine server is connected. On real
 * sockets: fifty liars that announce and answer, a server that is revoked, and one whose certificate ends.
 */
import { connectedTo } from './accept-join.ts'
import { Child, withChildren } from './child.ts'
import { runFakes, runSocketFakes } from './fakes-run.ts'
import { figureOf } from './figures.ts'
import type { Heard } from './liars-process.ts'
import { Swarm } from './shoal-process.ts'
import { TopicOwner } from './topic-owner.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const SEEDS = { quick: 10, whole: 100 }
const RUNS = { quick: 1, whole: 3 }
const FIRST_SERVER_BOUND_S = 5
const REVOKED_BOUND_S = 60
const EXPIRED_BOUND_S = 5
const LIARS = 50
const FAKES = 1_000
/** What a certificate has left when its server starts. */
const SHORT_MS = 8_000

interface Times {
  readonly connectedS: number
  readonly revokedS: number
  /** After its end by its own server, and after the start of one who dials it. */
  readonly expiredS: number
  readonly heard: Heard
}

export async function acceptOwnedTopic({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const seeds = quick ? SEEDS.quick : SEEDS.whole
  const of = await runFakes('O-18', seeds, log)
  const runs: Times[] = []
  const sockets: number[] = []
  for (let run = 0; run < (quick ? RUNS.quick : RUNS.whole); run++) {
    sockets.push(await runSocketFakes('O-18', FAKES, log))
    const times = await runOnce()
    runs.push(times)
    const { connectedS, revokedS, heard } = times
    log(
      `connected ${connectedS.toFixed(2)} s, revoked ${revokedS.toFixed(1)} s; the liars were dialled ${heard.dialled} times`,
    )
  }
  const figure = (pick: (times: Times) => number) => figureOf(runs.map(pick))
  const most = (pick: (times: Times) => number) => figureOf([Math.max(...runs.map(pick))])
  return [
    atMost(5, 's', `a thousand fakes in 20 networks, p99 of ${seeds} seeds`, figureOf([of('owned, twenty networks')])),
    atMost(5, 's', `each fake in a network of its own, p99 of ${seeds} seeds`, figureOf([of('owned, a network each')])),
    atMost(5, 's', `${FAKES} fakes on real sockets, the server flooded`, figureOf(sockets)),
    atMost(
      FIRST_SERVER_BOUND_S,
      's',
      `among ${LIARS} liars the certified server is connected`,
      figure(({ connectedS }) => connectedS),
    ),
    atLeast(1, '', 'liars were dialled at all', figureOf([Math.min(...runs.map(({ heard }) => heard.dialled))])),
    atMost(
      0,
      '',
      'words that liars heard, and peers that they got',
      most(({ heard }) => heard.words + heard.peers),
    ),
    atMost(
      REVOKED_BOUND_S,
      's',
      'a revoked server is dropped, the slowest',
      most(({ revokedS }) => revokedS),
    ),
    atMost(
      EXPIRED_BOUND_S,
      's',
      'an expired certificate is said, by its server and by who dials it',
      most(({ expiredS }) => expiredS),
    ),
  ]
}

async function runOnce(): Promise<Times> {
  const swarm = await Swarm.start(20)
  try {
    const owner = await TopicOwner.of(swarm)
    const liars = new Child('liars-process', { topic: swarm.topic, bootstrap: swarm.bootstrap })
    return await withChildren([liars], async () => {
      await liars.request('announce')
      return { ...(await meet(swarm, owner)), heard: await liars.request<Heard>('heard') }
    })
  } finally {
    await swarm.close()
  }
}

async function meet(swarm: Swarm, owner: TopicOwner): Promise<Omit<Times, 'heard'>> {
  const good = await owner.certified('good')
  const bad = await owner.certified('bad')
  await Promise.all([good.event('announced'), bad.event('announced'), connectedTo(good, bad)])

  const client = swarm.watch('news')
  const isClient = (line: { readonly [field: string]: unknown }): boolean => line['server'] === false
  const seen = await Promise.all([good.event('connected', isClient), bad.event('connected', isClient)])
  const connectedS = (Math.min(...seen.map(({ at }) => at)) - client.startedAt) / 1000

  const { peerId } = await bad.event('listening')
  const published = await owner.revoke(String(peerId))
  const fromServer = await good.event('disconnected', (line) => line['peerId'] === peerId)
  const fromClient = await client.says(/has revoked the certificate of the server/)
  const revokedS = (Math.max(fromServer.at, fromClient) - published.at) / 1000

  const late = await owner.certified('late', SHORT_MS)
  const endsAt = owner.signedAt + SHORT_MS
  const toldAt = await late.says(/certificate has expired/)
  const place = `127.0.0.1:${(await late.event('listening'))['port']}`
  const finder = swarm.run('find', swarm.topic, '--timeout', '30000', '--peer', place, ...swarm.network())
  const dialledAt = await finder.says(/has expired/)
  const expiredS = Math.max(toldAt - endsAt, dialledAt - finder.startedAt) / 1000
  return { connectedS, revokedS, expiredS }
}
