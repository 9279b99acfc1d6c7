/** `shoal dht put VALUE`: stores a text in the DHT (BEP 44), under its hash or, with --key, under a key. */

import { Command } from 'commander'
import { openDht, untilReachable } from '../dht-session.ts'
import { CommandError, EXIT, usageMistake } from '../exit.ts'
import { ITEM_KEY_FILE, seedOf } from '../item-key-file.ts'
import { openKeyFile } from '../key-file.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type NetworkFlags, withNetworkFlags, withTimeoutFlag } from '../options.ts'
import { parseItemSalt, parseItemSeq } from '../values.ts'
import { Deadline, TIME_IS_OVER, within } from '../waiting.ts'

/** Nodes store values of up to 1,000 bytes with their length before them. */
const VALUE_MAX_BYTES = 996

type Flags = NetworkFlags & {
  readonly timeout: number
  readonly key?: string
  readonly seq?: bigint
  readonly salt?: string
}

export function dhtPutCommand(run: Run): Command {
  const command = new Command('put')
    .description('store a text in the DHT: for good under its own hash, or with --key as one that can be replaced')
    .argument('<value>', `the text, at most ${VALUE_MAX_BYTES} bytes`)
    .option('--key <file>', 'the key to sign it with, made if the file is missing')
    .option('--seq <number>', 'its number, above that of the text it replaces (default: one more)', parseItemSeq)
    .option('--salt <text>', 'sets several texts of one key apart', parseItemSalt)
  return withTimeoutFlag(withNetworkFlags(command)).action((value: string, flags: Flags) =>
    run(flags, (context) => putValue(context, value, flags)),
  )
}

async function putValue(context: CommandContext, value: string, flags: Flags): Promise<typeof EXIT.ok> {
  const { output } = context
  const deadline = new Deadline(flags.timeout)
  const bytes = Buffer.byteLength(value)
  if (bytes > VALUE_MAX_BYTES) {
    throw usageMistake(`the value is ${bytes} bytes long: give at most ${VALUE_MAX_BYTES}, or a reference to the rest`)
  }
  if (flags.key === undefined && (flags.seq !== undefined || flags.salt !== undefined)) {
    throw usageMistake('--seq and --salt go with --key FILE: without a key the text can never be replaced')
  }
  const file = flags.key === undefined ? undefined : await openKeyFile(flags.key, ITEM_KEY_FILE)
  if (file?.exposed) output.warn(`others can read the key in ${flags.key}: run chmod 600 on it`)
  if (file?.created) output.note(`made a new key in ${flags.key}: whoever has it can replace the text`)
  const dht = await openDht(context, flags, 'client')
  await untilReachable(dht, context, deadline)
  output.progress('storing')
  const { seq, salt } = flags
  const signed = { ...(seq === undefined ? {} : { seq }), ...(salt === undefined ? {} : { salt }) }
  const key = file === undefined ? {} : { key: seedOf(file.key), ...signed }
  const result = await within(deadline.left, dht.put({ value, republish: false, ...key }))
  output.progress()
  if (result === TIME_IS_OVER) {
    throw new CommandError(
      'no DHT node stored it in time: try again, with a longer --timeout or other --bootstrap nodes',
    )
  }
  const { target, nodes } = result
  const number = result.seq === undefined ? '' : ` as number ${result.seq}`
  output.event(
    'stored',
    { target, nodes },
    `${output.paint('green', '●')} ${nodes} nodes store it${number} for two hours: get it with shoal dht get ${target}`,
  )
  return EXIT.ok
}
