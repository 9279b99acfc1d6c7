/** `shoal dht get TARGET`: what is stored in the DHT under a target (BEP 44), verified. */

import { toHex, utf8Text } from '@shoal/base'
import type { BencodeValue } from '@shoal/dht'
import { Command } from 'commander'
import { openDht, untilReachable } from '../dht-session.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag } from '../options.ts'
import { parseItemSalt, parseItemTarget } from '../values.ts'
import { Deadline, TIME_IS_OVER, within } from '../waiting.ts'

type Flags = NetworkFlags & { readonly timeout: number; readonly salt?: string }

/** What JSON has no word for is text: bytes that are no UTF-8 as { hex }, integers beyond 2^53 in digits. */
type Shown = string | number | readonly Shown[] | { readonly [key: string]: Shown }

export function dhtGetCommand(run: Run): Command {
  const command = new Command('get')
    .description('what is stored in the DHT under a target')
    .argument('<target>', '40 hex digits, as put tells them', parseItemTarget)
    .option('--salt <text>', 'the salt that it was put with', parseItemSalt)
  return withTimeoutFlag(withNetworkFlags(command)).action((target: string, flags: Flags) =>
    run(flags, (context) => getValue(context, target, flags)),
  )
}

async function getValue(context: CommandContext, target: string, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const deadline = new Deadline(flags.timeout)
  const dht = await openDht(context, flags, 'client')
  await untilReachable(dht, context, deadline)
  output.progress(`looking for ${target}`)
  const salt = flags.salt === undefined ? {} : { salt: flags.salt }
  const found = await within(deadline.left, dht.get(target, salt))
  output.progress()
  if (found === TIME_IS_OVER || found === undefined) {
    output.error(
      `nothing is stored under ${target}: check the target and --salt, and whether it was put in the last two hours`,
    )
    return EXIT.notFound
  }
  const { seq = null, publicKey } = found
  const value = shown(found.value)
  output.event(
    'value',
    {
      value,
      seq: typeof seq === 'bigint' ? String(seq) : seq,
      key: publicKey === undefined ? null : toHex(publicKey),
    },
    typeof value === 'string' ? value : JSON.stringify(value),
  )
  return EXIT.ok
}

function shown(value: BencodeValue): Shown {
  if (value instanceof Uint8Array) return utf8Text(value) ?? { hex: toHex(value) }
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return value
  if (Array.isArray(value)) return value.map(shown)
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, shown(entry)]))
}
