/** `shoal dht ping HOST:PORT`: is a DHT node there, and how far away? */

import { type Endpoint, formatEndpoint } from '@shoal/base'
import { Command } from 'commander'
import { EXIT } from '../exit.ts'
import type { Run } from '../lifecycle.ts'
import { askOneNode, type OneNodeFlags } from '../one-node.ts'
import { withNetworkFlags, withTimeoutFlag } from '../options.ts'
import { parseEndpoint } from '../values.ts'

export function dhtPingCommand(run: Run): Command {
  const command = new Command('ping')
    .description('ask one DHT node whether it is there')
    .argument('<host:port>', 'where it listens', parseEndpoint('the node'))
  return withTimeoutFlag(withNetworkFlags(command)).action((endpoint: Endpoint, flags: OneNodeFlags) =>
    run(flags, async (context) => {
      const { output } = context
      const answer = await askOneNode(context, { endpoint, flags }, (dht) => dht.ping(endpoint))
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
