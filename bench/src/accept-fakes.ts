/**
 * A thousand peers announced on a topic that are none (dead, silent, of another topic, impostors), 64 dials at once, one second each:
 * how soon the one genuine server is connected. In virtual time, by the tests' own world, with many seeds; and on real sockets.
 */
import { runFakes, runSocketFakes } from './fakes-run.ts'
import { figureOf } from './figures.ts'
import { type AcceptOptions, atMost, type Verdict } from './verdict.ts'

const SEEDS = { quick: 10, whole: 100 }
const FAKES = 1_000
const DIALS = 64
/** Beside the dials, for the look-ups that show the genuine one at last. */
const LOOKUPS_S = 10

export async function acceptFakes({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const seeds = quick ? SEEDS.quick : SEEDS.whole
  const of = await runFakes('S-112', seeds, log)
  const bound = FAKES / DIALS + LOOKUPS_S
  const sockets: number[] = []
  for (let run = 0; run < (quick ? 1 : 3); run++) sockets.push(await runSocketFakes('S-113', FAKES, log))
  return [
    atMost(5, 's', `fakes in 20 networks, p99 of ${seeds} seeds`, figureOf([of('twenty networks')])),
    atMost(bound, 's', `each fake in a network of its own, p99 of ${seeds} seeds`, figureOf([of('a network each')])),
    atMost(bound, 's', `${FAKES} fakes on real sockets, the server flooded`, figureOf(sockets)),
  ]
}
