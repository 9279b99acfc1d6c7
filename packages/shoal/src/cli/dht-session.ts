/** A DHT node that lives as long as one command. */

import { toHex } from '@shoal/base'
import { Dht } from '@shoal/dht'
import { infoHashesAt } from '@shoal/peer'
import { dhtOptionsOf } from './dht-options.ts'
import { CommandError, usageMistake } from './exit.ts'
import type { CommandContext } from './lifecycle.ts'
import type { DhtMode, NetworkFlags } from './options.ts'
import { soughtBy } from './topic-flags.ts'
import { parseInfoHash } from './values.ts'
import { type Deadline, TIME_IS_OVER, within } from './waiting.ts'

export async function openDht(context: CommandContext, flags: NetworkFlags, mode: DhtMode): Promise<Dht> {
  const dht = new Dht(dhtOptionsOf(flags, mode))
  context.onClose(() => dht.close())
  await dht.listening
  return dht
}

/** Resolves once somebody has answered; a one-shot command has nothing to do before. */
export async function untilReachable(dht: Dht, context: CommandContext, deadline: Deadline): Promise<void> {
  context.output.progress('looking for DHT nodes')
  const outcome = await within(deadline.left, dht.ready)
  context.output.progress()
  if (outcome !== TIME_IS_OVER && dht.contacts().length > 0) return
  throw new CommandError(
    'no DHT node could be reached: check the network, or name one that is up with --bootstrap HOST:PORT',
  )
}

/** HASH or --topic, exactly one of them. */
export function infoHashOf(hash: string | undefined, topic: string | undefined): string {
  if (hash !== undefined && topic !== undefined) throw usageMistake('give either the info hash or --topic, not both')
  if (hash !== undefined) return toHex(parseInfoHash(hash))
  if (topic === undefined) throw usageMistake('say what to look for: 40 hex digits, or a name with --topic')
  return toHex(infoHashesAt(soughtBy({ topic }).topic, Date.now())[0] as Uint8Array)
}
