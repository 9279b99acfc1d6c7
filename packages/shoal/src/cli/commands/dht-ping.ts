/** `shoal dht ping HOST:PORT`: is a DHT node there, and how far away? */

import { type Endpoint, formatEndpoint } from '@shoal/base'
import { NoAnswerError } from '@shoal/dht'
import { Command } from 'commander'
import { openDht } from '../dht-session.ts'
import { EXIT } from '../exit.ts'
import type { Run } from '../lifecycle.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag } from '../options.ts'
import { parseEndpoint } from '../values.ts'
import { Deadline, TIME_IS_OVER, within } from '../waiting.ts'

type Flags = NetworkFlags & { readonly timeout: number }

export function dhtPingCommand(run: Run): Command {
  const command = new Command('ping')
    .description('ask one DHT node whether it is there')
    .argument('<host:port>', 'where it listens', parseEndpoint('the node'))
  return withTimeoutFlag(withNetworkFlags(command)).action((endpoint: Endpoint, flags: Flags) =>
    run(flags, async (context) => {
      const { output } = context
      const deadline = new Deadline(flags.timeout)
      // Nobody else is needed for this, so nobody else is asked.
      const dht = await openDht(context, { bootstrap: [], ...flags }, 'client')
      output.progress(`asking ${formatEndpoint(endpoint)}`)
      const answer = await within(deadline.left, dht.ping(endpoint))
      if (answer === TIME_IS_OVER) throw new NoAnswerError(endpoint)
      const ms = Math.round(answer.ms * 100) / 100
      const nodeId = answer.id
      output.event(
        'pong',
        { host: endpoint.host, port: endpoint.port, nodeId, ms },
        `${output.paint('green', '●')} ${formatEndpoint(endpoint)} is node ${nodeId}, ${ms} ms away`,
      )
      return EXIT.ok
    }),
  )
}
