/** Ten thousand nodes for an hour of virtual time, with churn and a fifth of the contacts dead; and that a seed says all. */
import { figureOf } from './figures.ts'
import { simulate } from './sim-run.ts'
import { type AcceptOptions, atLeast, atMost, type Verdict } from './verdict.ts'

const SECONDS_MAX = 600
const MEGABYTES_MAX = 6 * 1_024
const DEAD_SHARE = 0.2
const SUCCESS_MIN = 0.999
/** CI has neither the time nor the cores: a tenth of the nodes for a tenth of the hour, under the same bounds. */
const FULL = { nodes: 10_000, hours: 1 }
const QUICK = { nodes: 1_000, hours: 0.1 }

export async function acceptSimHour({ quick, log }: AcceptOptions): Promise<Verdict[]> {
  const first = await simulate('churn', { ...QUICK, seed: 1 })
  const again = await simulate('churn', { ...QUICK, seed: 1 })
  const other = await simulate('churn', { ...QUICK, seed: 2 })
  log(`seed 1: ${first.hash}, again ${again.hash}; seed 2: ${other.hash}`)
  const size = quick ? QUICK : FULL
  const hour = quick ? first : await simulate('churn', { ...FULL, seed: 1 })
  log(
    `${size.nodes} nodes, ${size.hours} h: ${hour.events} events, dead contacts from ${hour.figure('deadContacts.atFirst')} to ${hour.figure('deadContacts.least')}`,
  )
  const isRepeatable = first.hash === again.hash && first.events === again.events && first.hash !== other.hash
  return [
    atMost(SECONDS_MAX, 's', `${size.nodes} nodes for ${size.hours} virtual hours`, figureOf([hour.seconds])),
    atMost(MEGABYTES_MAX, 'MB', 'memory of that', figureOf([hour.megabytes])),
    atLeast(DEAD_SHARE, '', 'share of dead contacts, mean over the hour', figureOf([hour.figure('deadContacts.mean')])),
    atLeast(SUCCESS_MIN, '', 'lookups that found a peer of a minute ago', figureOf([hour.figure('success')])),
    atLeast(1, '', 'one seed, one hash; another seed, another', figureOf([isRepeatable ? 1 : 0])),
  ]
}
