/** `shoal testnet N`: a DHT of one's own on loopback, for trying things out and for other people's tests. */

import { createTestnet } from '@shoal/dht'
import { Command } from 'commander'
import { EXIT } from '../exit.ts'
import type { Run } from '../lifecycle.ts'
import { type OutputFlags, withOutputFlags } from '../options.ts'
import { parseCount } from '../values.ts'

/** Each node has a socket of its own; more than this is a matter for the simulator. */
const NODES_MAX = 1_000

export function testnetCommand(run: Run): Command {
  const command = new Command('testnet')
    .description('run N DHT nodes on loopback until stopped, and print their addresses for --bootstrap')
    .argument('<n>', `how many, 1 to ${NODES_MAX}`, parseCount('testnet', NODES_MAX))
  return withOutputFlags(command).action((n: number, flags: OutputFlags) =>
    run(flags, async ({ output, onClose, untilStopped }) => {
      output.progress(`starting ${n} DHT nodes`)
      const testnet = await createTestnet(n)
      onClose(() => testnet.close())
      output.progress()
      const bootstrap = testnet.bootstrap.join(',')
      output.event(
        'listening',
        { bootstrap },
        `${output.paint('green', '●')} ${n} DHT nodes are up on loopback. Use them with:`,
      )
      output.line(`\n  --bootstrap ${bootstrap}\n`)
      output.note('They run until you stop this with Ctrl-C.')
      await untilStopped()
      return EXIT.ok
    }),
  )
}
