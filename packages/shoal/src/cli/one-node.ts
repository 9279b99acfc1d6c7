/** What `dht ping` and `dht sample` have in common: one node is asked one thing, and nobody else is needed for it. */

import { type Endpoint, formatEndpoint } from '@shoal/base'
import { type Dht, NoAnswerError } from '@shoal/dht'
import { openDht } from './dht-session.ts'
import type { CommandContext } from './lifecycle.ts'
import type { NetworkFlags } from './options.ts'
import { Deadline, TIME_IS_OVER, within } from './waiting.ts'

export type OneNodeFlags = NetworkFlags & { readonly timeout: number }

/** Throws NoAnswerError where no answer comes in time. */
export async function askOneNode<T>(
  context: CommandContext,
  { endpoint, flags }: { readonly endpoint: Endpoint; readonly flags: OneNodeFlags },
  ask: (dht: Dht) => Promise<T>,
): Promise<T> {
  const deadline = new Deadline(flags.timeout)
  const dht = await openDht(context, { bootstrap: [], ...flags }, 'client')
  context.output.progress(`asking ${formatEndpoint(endpoint)}`)
  const answer = await within(deadline.left, ask(dht))
  context.output.progress()
  if (answer === TIME_IS_OVER) throw new NoAnswerError(endpoint)
  return answer
}
