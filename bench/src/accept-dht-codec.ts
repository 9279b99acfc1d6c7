/** Our parser and answer writer against npm bencode, at a `get_peers` reply of 475 bytes, in turns. */
import { Child, withChildren } from './child.ts'
import type { CodecKind, Direction } from './dht-codec-process.ts'
import { figureOf, ratioOf, rounded } from './figures.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const BOUND_TIMES = 15
const DIRECTIONS: readonly Direction[] = ['decode', 'encode']

export async function acceptDhtCodec({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const repetitions = quick ? 3 : 9
  const ms = quick ? 200 : 500
  const codecs: Record<CodecKind, Child> = {
    shoal: new Child('dht-codec-process', { kind: 'shoal' }),
    bencode: new Child('dht-codec-process', { kind: 'bencode' }),
  }
  return withChildren(Object.values(codecs), async () => {
    const verdicts: Verdict[] = []
    for (const direction of DIRECTIONS) {
      const rates: Record<CodecKind, number[]> = { shoal: [], bencode: [] }
      for (const kind of ['shoal', 'bencode'] as const) await codecs[kind].request('rate', { direction, ms })
      for (let i = 0; i < repetitions; i++) {
        for (const kind of ['shoal', 'bencode'] as const) {
          rates[kind].push(await codecs[kind].request<number>('rate', { direction, ms }))
        }
      }
      const [ours, theirs] = [figureOf(rates.shoal), figureOf(rates.bencode)]
      log(`${direction}: ${rounded(ours.median)} a CPU-second, npm bencode ${rounded(theirs.median)}`)
      verdicts.push(
        atLeast(BOUND_TIMES, 'times npm bencode', `${direction} of a get_peers reply`, ratioOf(ours, theirs)),
      )
    }
    return verdicts
  })
}
