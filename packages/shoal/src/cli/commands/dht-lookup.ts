/** `shoal dht lookup HASH`: who announced under an info hash, as they are found. */

import { formatEndpoint } from '@shoal/base'
import { Command } from 'commander'
import { infoHashOf, openDht, untilReachable } from '../dht-session.ts'
import { EXIT } from '../exit.ts'
import type { Run } from '../lifecycle.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag, withTopicFlag } from '../options.ts'
import { Deadline, TIME_IS_OVER, within } from '../waiting.ts'

type Flags = NetworkFlags & { readonly timeout: number; readonly topic?: string }

export function dhtLookupCommand(run: Run): Command {
  const command = new Command('lookup')
    .description('who announced under an info hash')
    .argument('[hash]', '40 hex digits (or use --topic)')
  return withTopicFlag(withTimeoutFlag(withNetworkFlags(command))).action((hash: string | undefined, flags: Flags) =>
    run(flags, async (context) => {
      const { output } = context
      const deadline = new Deadline(flags.timeout)
      const infoHash = infoHashOf(hash, flags.topic)
      const dht = await openDht(context, flags, 'client')
      await untilReachable(dht, context, deadline)
      output.progress(`looking up ${infoHash}`)
      const peers = dht.lookup(infoHash)[Symbol.asyncIterator]()
      let found = 0
      for (;;) {
        const next = await within(deadline.left, peers.next())
        if (next === TIME_IS_OVER || next.done === true) break
        const { host, port, family, from } = next.value
        found++
        output.event(
          'peer',
          { host, port, family, from: formatEndpoint(from) },
          `${output.paint('green', '●')} ${formatEndpoint({ host, port })}`,
        )
      }
      output.progress()
      const ms = deadline.elapsed
      output.event('done', { found, ms }, `${found === 0 ? 'nobody' : found} found in ${ms} ms`)
      return found === 0 ? EXIT.notFound : EXIT.ok
    }),
  )
}
