/** `shoal watch KEY`: the value there is, and each that follows, until stopped. */

import type { WireRecord } from '@shoal/tool-db'
import { Command } from 'commander'
import { openClient } from '../database.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type DatabaseFlags, withDatabaseFlags } from '../options.ts'
import { parseKey } from '../values.ts'
import { Deadline } from '../waiting.ts'

type Flags = DatabaseFlags & { readonly private?: boolean }

export function watchCommand(run: Run): Command {
  const command = new Command('watch')
    .description('the value of a key, and each that follows, until stopped')
    .argument('<key>', 'as on the wire: hello, ==name, or :address.key', (text) => parseKey(text))
    .option('--private', 'in the namespace of --user')
  return withDatabaseFlags(command).action((key: string, flags: Flags) =>
    run(flags, (context) => watch(context, key, flags)),
  )
}

async function watch(context: CommandContext, given: string, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const { db } = await openClient(context, flags, new Deadline(flags.timeout))
  const key = flags.private === true ? db.getUserNamespacedKey(given) : given
  db.addKeyListener(key, ({ k, v, a, t }: WireRecord) => {
    // Listeners hear of every key that begins with theirs.
    if (k !== key) return
    output.event('update', { key, value: v, author: a, time: t }, JSON.stringify(v))
  })
  await db.subscribeData(key)
  output.note(`watching ${key} until you stop this with Ctrl-C`)
  await context.untilStopped()
  return EXIT.ok
}
