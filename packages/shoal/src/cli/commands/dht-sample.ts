/** `shoal dht sample HOST:PORT`: some of the info hashes that a node stores peers of (BEP 51). */

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

export function dhtSampleCommand(run: Run): Command {
  const command = new Command('sample')
    .description('some of the info hashes that one DHT node stores peers of')
    .argument('<host:port>', 'where it listens', parseEndpoint('the node'))
  return withTimeoutFlag(withNetworkFlags(command)).action((endpoint: Endpoint, flags: Flags) =>
    run(flags, async (context) => {
      const { output } = context
      const deadline = new Deadline(flags.timeout)
      // Nobody else is needed for this, so nobody else is asked.
      const dht = await openDht(context, { bootstrap: [], ...flags }, 'client')
      output.progress(`asking ${formatEndpoint(endpoint)}`)
      const answer = await within(deadline.left, dht.sample(endpoint))
      output.progress()
      if (answer === TIME_IS_OVER) throw new NoAnswerError(endpoint)
      const { samples, num, interval } = answer
      const more = interval === 0 ? '' : `; it shows others in ${interval} s`
      const head = `${output.paint('green', '●')} ${formatEndpoint(endpoint)} stores peers of ${num} info hashes${more}`
      output.event('samples', { samples, num, interval }, [head, ...samples].join('\n'))
      return EXIT.ok
    }),
  )
}
