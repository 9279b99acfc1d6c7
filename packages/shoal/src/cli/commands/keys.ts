/** `shoal keys PREFIX`: the keys that begin with a text, over all connected servers. */

import { Command } from 'commander'
import { openClient } from '../database.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type DatabaseFlags, withDatabaseFlags } from '../options.ts'
import { parsePrefix } from '../values.ts'
import { Deadline } from '../waiting.ts'

type Flags = DatabaseFlags & { readonly private?: boolean }

export function keysCommand(run: Run): Command {
  const command = new Command('keys')
    .description('the keys that begin with a text')
    .argument('<prefix>', "how they begin; '' for all", (text) => parsePrefix(text))
    .option('--private', 'in the namespace of --user')
  return withDatabaseFlags(command).action((prefix: string, flags: Flags) =>
    run(flags, (context) => keys(context, prefix, flags)),
  )
}

async function keys(context: CommandContext, given: string, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const deadline = new Deadline(flags.timeout)
  const { db } = await openClient(context, flags, deadline)
  const prefix = flags.private === true ? db.getUserNamespacedKey(given) : given
  output.progress(`asking for keys that begin with ${prefix}`)
  const found = await db.queryKeys(prefix, false, deadline.left)
  output.progress()
  output.event('result', { keys: found }, found.length === 0 ? undefined : found.join('\n'))
  if (found.length > 0) return EXIT.ok
  output.note(`no server has a key that begins with ${prefix}`)
  return EXIT.notFound
}
