/** `shoal put KEY JSON`: writes one value, and says how many servers have it. */

import { Command } from 'commander'
import { openClient } from '../database.ts'
import { CommandError, EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type DatabaseFlags, withDatabaseFlags } from '../options.ts'
import { soughtBy } from '../topic-flags.ts'
import { parseJsonValue, parseKey } from '../values.ts'
import { Deadline } from '../waiting.ts'

type Flags = DatabaseFlags & { readonly private?: boolean }

/** Servers say no a few times at most before the command is over. */
const REFUSALS_MAX = 1_000

export function putCommand(run: Run): Command {
  const command = new Command('put')
    .description('write one value, and wait until every connected server has acknowledged it')
    .argument('<key>', 'such as hello; ==name belongs to whoever writes it first', (text) => parseKey(text))
    .argument('<json>', 'the value, as JSON')
    .option('--private', "in the writer's own namespace, where nobody else can write (use it with --user)")
  return withDatabaseFlags(command).action((key: string, json: string, flags: Flags) =>
    run(flags, (context) => put(context, { key, json }, flags)),
  )
}

async function put(context: CommandContext, what: { key: string; json: string }, flags: Flags): Promise<ExitCode> {
  const { output } = context
  soughtBy(flags)
  const value = parseJsonValue(what.json)
  const deadline = new Deadline(flags.timeout)
  const { db } = await openClient(context, flags, deadline)
  const key = flags.private === true ? db.getUserNamespacedKey(what.key) : what.key
  /** By message id: why a server would not have it. BOUNDED: REFUSALS_MAX. */
  const refusals = new Map<string, string>()
  db.on('message', (message: { type: string; id: string; code?: string }) => {
    const { type, id, code } = message
    if (type === 'ack' && code !== undefined && code !== 'OK' && refusals.size < REFUSALS_MAX) refusals.set(id, code)
  })
  output.progress(`writing ${key}`)
  const { message, sent, confirmed } = await db.putDetailed(key, value, { confirm: 'all', timeoutMs: deadline.left })
  output.progress()
  if (sent === 0) throw new CommandError('all servers went away before it was sent: try again')
  const refusal = refusals.get(message.id)
  if (confirmed === 0 && refusal !== undefined) throw new CommandError(refused(key, refusal))
  output.event(
    'result',
    { key, sent, confirmed },
    `${output.paint('green', '✓')} ${key}: sent to ${servers(sent)}, confirmed by ${confirmed}`,
  )
  return EXIT.ok
}

function servers(count: number): string {
  return `${count} ${count === 1 ? 'server' : 'servers'}`
}

function refused(key: string, code: string): string {
  // Names that begin with == are frozen: the first who claims one owns it.
  if (code === 'CantOverwrite' || (code === 'SUPERSEDED' && key.startsWith('=='))) {
    return `the name ${key} belongs to somebody else: choose another, or write with the identity that made it (--user FILE)`
  }
  if (code === 'SUPERSEDED')
    return `the servers have a newer value of ${key}: check this machine's clock, then try again`
  return `no server stored ${key} (${code}): check the key, the value and this machine's clock`
}
