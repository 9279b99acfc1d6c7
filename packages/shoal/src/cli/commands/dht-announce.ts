/** `shoal dht announce HASH --port P`: tells the DHT once that this machine serves something on a port. */

import { Command } from 'commander'
import { infoHashOf, openDht, untilReachable } from '../dht-session.ts'
import { CommandError, EXIT, usageMistake } from '../exit.ts'
import type { Run } from '../lifecycle.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag, withTopicFlag } from '../options.ts'
import { parseRemotePort } from '../values.ts'
import { Deadline, TIME_IS_OVER, within } from '../waiting.ts'

type Flags = NetworkFlags & { readonly timeout: number; readonly topic?: string; readonly port?: number }

export function dhtAnnounceCommand(run: Run): Command {
  const command = new Command('announce')
    .description('announce a port of this machine under an info hash, once')
    .argument('[hash]', '40 hex digits (or use --topic)')
    .option('--port <port>', 'the port that others are to reach', parseRemotePort('--port'))
  return withTopicFlag(withTimeoutFlag(withNetworkFlags(command))).action((hash: string | undefined, flags: Flags) =>
    run(flags, async (context) => {
      const { output } = context
      const deadline = new Deadline(flags.timeout)
      const { port } = flags
      if (port === undefined) throw usageMistake('say which port others are to reach with --port NUMBER')
      const infoHash = infoHashOf(hash, flags.topic)
      const dht = await openDht(context, flags, 'client')
      await untilReachable(dht, context, deadline)
      output.progress(`announcing ${infoHash}`)
      const result = await within(deadline.left, dht.announce(infoHash, { port }))
      output.progress()
      const nodes = result === TIME_IS_OVER ? 0 : result.nodes
      if (nodes === 0) {
        throw new CommandError(
          'no DHT node took the announcement: try again, with a longer --timeout or other --bootstrap nodes',
        )
      }
      output.event(
        'announced',
        { nodes },
        `${output.paint('green', '●')} ${nodes} nodes now tell others that port ${port} of this machine serves ${infoHash}`,
      )
      return EXIT.ok
    }),
  )
}
