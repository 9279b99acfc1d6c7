/** Queries answered per CPU-second, as shares of what a bare socket echoes and as multiples of npm bittorrent-dht, in one run. */
import { measureRates } from './dht-rates.ts'
import { ratioOf, rounded } from './figures.ts'
import { LOADS, type Load } from './krpc-messages.ts'
import { type AcceptOptions, atLeast, type Verdict } from './verdict.ts'

const SHARE_OF_ECHO: Record<Load, number> = {
  ping: 0.9,
  find_node: 0.75,
  get_peers: 0.75,
  announce_peer: 0.75,
  announce: 0.75,
}
/** Announcing with the get_peers that goes before it, as clients do; seven times announce_peer alone would be more than an echo. */
const TIMES_NPM: Partial<Record<Load, number>> = { find_node: 10, get_peers: 10, announce: 7 }

export async function acceptDhtRate({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const rates = await measureRates({ quick, log })
  const alone = ratioOf(rates.of('shoal', 'announce_peer'), rates.of('bittorrent-dht', 'announce_peer'))
  log(`announce_peer alone: ${rounded(alone.median)} times bittorrent-dht`)
  return LOADS.flatMap((load) => {
    const ours = rates.of('shoal', load)
    const share = ratioOf(ours, rates.of('echo', load))
    const verdicts = [atLeast(SHARE_OF_ECHO[load], 'of a bare echo', `${load} per CPU-second`, share)]
    const times = TIMES_NPM[load]
    if (times !== undefined) {
      const ratio = ratioOf(ours, rates.of('bittorrent-dht', load))
      verdicts.push(atLeast(times, 'times bittorrent-dht', `${load} per CPU-second`, ratio))
    }
    return verdicts
  })
}
