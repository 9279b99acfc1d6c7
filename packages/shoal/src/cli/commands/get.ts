/** `shoal get KEY`: the value of a key, from the first server that has it. */

import { Command } from 'commander'
import { openClient } from '../database.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type DatabaseFlags, withDatabaseFlags } from '../options.ts'
import { parseKey } from '../values.ts'
import { Deadline } from '../waiting.ts'

type Flags = DatabaseFlags & { readonly private?: boolean }

export function getCommand(run: Run): Command {
  const command = new Command('get')
    .description('the value of a key')
    .argument('<key>', 'as on the wire: hello, ==name, or :address.key', (text) => parseKey(text))
    .option('--private', 'in the namespace of --user')
  return withDatabaseFlags(command).action((key: string, flags: Flags) =>
    run(flags, (context) => get(context, key, flags)),
  )
}

async function get(context: CommandContext, given: string, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const deadline = new Deadline(flags.timeout)
  const { db } = await openClient(context, flags, deadline)
  const key = flags.private === true ? db.getUserNamespacedKey(given) : given
  output.progress(`asking for ${key}`)
  const { record } = await db.getRecord(key, { timeoutMs: deadline.left })
  output.progress()
  if (record === undefined) {
    output.event('result', { key, found: false, value: null, author: null, time: null })
    output.note(`no server has ${key}`)
    return EXIT.notFound
  }
  const { value, author, time } = record
  output.event('result', { key, found: true, value, author, time }, JSON.stringify(value, undefined, 2))
  output.note(`written ${new Date(time).toISOString()} by ${author}`)
  return EXIT.ok
}
