/** `shoal dht node`: a plain DHT node until stopped. */

import { formatEndpoint } from '@shoal/base'
import { Command } from 'commander'
import { openDht } from '../dht-session.ts'
import { EXIT } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag } from '../options.ts'
import { TIME_IS_OVER, within } from '../waiting.ts'

type Flags = NetworkFlags & { readonly timeout: number }

export function dhtNodeCommand(run: Run): Command {
  const command = new Command('node').description('run a plain DHT node until stopped')
  return withTimeoutFlag(withNetworkFlags(command)).action((flags: Flags) =>
    run(flags, (context) => runNode(context, flags)),
  )
}

async function runNode(context: CommandContext, flags: Flags): Promise<typeof EXIT.ok> {
  const { output, signal } = context
  const dht = await openDht(context, flags, 'server')
  const { ipv4, ipv6 } = await dht.listening
  const bound = ipv4 ?? ipv6
  const { nodeId } = dht
  output.event(
    'listening',
    { address: bound?.address, port: bound?.port, nodeId },
    `${output.paint('green', '●')} DHT node ${output.paint('dim', nodeId)} listens on ${bound === undefined ? 'no port' : formatEndpoint({ host: bound.address, port: bound.port })}`,
  )
  output.progress('looking for other nodes')
  if ((await within(flags.timeout, Promise.race([dht.ready, context.untilStopped()]))) === TIME_IS_OVER) {
    output.progress()
    output.warn('no DHT node could be reached so far: check the network and --bootstrap; going on trying')
    await Promise.race([dht.ready, context.untilStopped()])
  }
  output.progress()
  if (!signal.aborted) {
    const contacts = dht.contacts().length
    output.event('ready', { contacts }, `${output.paint('green', '●')} ready, with ${contacts} contacts`)
    output.note('It runs until you stop it with Ctrl-C.')
  }
  await context.untilStopped()
  return EXIT.ok
}
