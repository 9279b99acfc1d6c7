/** `shoal dht ping HOST:PORT`: is a DHT node there, and how far away? */

import { type Endpoint, formatEndpoint, toHex } from '@shoal/base'
import { Command } from 'commander'
import { openDht } from '../dht-session.ts'
import { CommandError, EXIT } from '../exit.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag } from '../options.ts'
import type { Run } from '../program.ts'
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
      const startedAt = performance.now()
      const answer = await within(deadline.left, dht.ping(endpoint)).catch((error: unknown) =>
        noAnswer(endpoint, error),
      )
      if (answer === TIME_IS_OVER) return noAnswer(endpoint)
      const ms = Math.round((performance.now() - startedAt) * 100) / 100
      const nodeId = toHex(answer.id)
      output.event(
        'pong',
        { host: endpoint.host, port: endpoint.port, nodeId, ms },
        `${output.paint('green', '●')} ${formatEndpoint(endpoint)} is node ${nodeId}, ${ms} ms away`,
      )
      return EXIT.ok
    }),
  )
}

function noAnswer(endpoint: Endpoint, cause?: unknown): never {
  throw new CommandError(
    `${formatEndpoint(endpoint)} does not answer: check that a DHT node listens there and that UDP gets through`,
    { cause },
  )
}
