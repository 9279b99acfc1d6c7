/** `shoal dht sample HOST:PORT`: some of the info hashes that a node stores peers of (BEP 51). */

import { type Endpoint, formatEndpoint } from '@shoal/base'
import { Command } from 'commander'
import { EXIT } from '../exit.ts'
import type { Run } from '../lifecycle.ts'
import { askOneNode, type OneNodeFlags } from '../one-node.ts'
import { withNetworkFlags, withTimeoutFlag } from '../options.ts'
import { parseEndpoint } from '../values.ts'

export function dhtSampleCommand(run: Run): Command {
  const command = new Command('sample')
    .description('some of the info hashes that one DHT node stores peers of')
    .argument('<host:port>', 'where it listens', parseEndpoint('the node'))
  return withTimeoutFlag(withNetworkFlags(command)).action((endpoint: Endpoint, flags: OneNodeFlags) =>
    run(flags, async (context) => {
      const { output } = context
      const answer = await askOneNode(context, { endpoint, flags }, (dht) => dht.sample(endpoint))
      const { samples, num, interval } = answer
      const more = interval === 0 ? '' : `; it shows others in ${interval} s`
      const head = `${output.paint('green', '●')} ${formatEndpoint(endpoint)} stores peers of ${num} info hashes${more}`
      output.event('samples', { samples, num, interval }, [head, ...samples].join('\n'))
      return EXIT.ok
    }),
  )
}
