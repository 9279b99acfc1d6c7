/**
 * Puts that were signed beforehand, for each second of the server's processor time, as a share of the P-256 signatures that
 * this machine checks in one: the limit of any server that checks everything.
 */
import { Child, withChildren } from './child.ts'
import { freePort } from './db-measure.ts'
import { figureOf, rounded } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const SHARE = 0.5
const MAKERS = ['shoal', 'shoal encrypted'] as const
type Maker = (typeof MAKERS)[number]

export async function acceptDbVerify({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const puts = quick ? 5_000 : 20_000
  const shares: Record<Maker, number[]> = { shoal: [], 'shoal encrypted': [] }
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    for (const maker of MAKERS) {
      const { perCpuSecond, verifies } = await measureOnce(maker, puts)
      shares[maker].push(perCpuSecond / verifies)
      log(`${maker}: ${rounded(perCpuSecond)} puts and ${rounded(verifies)} signatures checked per CPU-second`)
    }
  }
  return MAKERS.map((maker) => {
    const what = `${maker}: pre-signed puts per CPU-second of the server`
    return atLeast(SHARE, 'of the signatures checked', what, figureOf(shares[maker]))
  })
}

async function measureOnce(maker: Maker, puts: number): Promise<{ perCpuSecond: number; verifies: number }> {
  const port = await freePort()
  const server = new Child('db-peer-process', { maker, port, server: true })
  const load = new Child('db-signed-load-process', { port, encryption: maker !== 'shoal' })
  return withChildren([server, load], async () => {
    await server.request('ready')
    await load.request('ready')
    await run(server, load, { prefix: 'warm', count: 3_000 })
    const before = await load.request<number>('verifies', 4_000)
    const seconds = await run(server, load, { prefix: 'key', count: puts })
    const after = await load.request<number>('verifies', 4_000)
    return { perCpuSecond: puts / seconds, verifies: (before + after) / 2 }
  })
}

/** Processor time that the server took. */
async function run(server: Child, load: Child, keys: { prefix: string; count: number }): Promise<number> {
  await load.request('sign', keys)
  const taken = server.request('take', keys.count)
  const before = await server.request<number>('cpu')
  await load.request('send')
  await taken
  return (await server.request<number>('cpu')) - before
}
