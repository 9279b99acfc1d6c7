/** `shoal invite`: a text with which others can begin on a topic: the topic, and a few servers of it. */

import { formatEndpoint, HOUR } from '@shoal/base'
import { requireInvite } from '@shoal/discovery'
import { INVITE_ENDPOINTS_MAX } from '@shoal/peer'
import { Command, Option } from 'commander'
import { openClient } from '../database.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type DatabaseFlags, withDatabaseFlags } from '../options.ts'
import { parseCount } from '../values.ts'
import { Deadline } from '../waiting.ts'

const DAYS = 30
const DAYS_MAX = 3_650
const COUNT = 4

type Flags = DatabaseFlags & { readonly days: number; readonly count: number }

export function inviteCommand(run: Run): Command {
  const command = new Command('invite')
    .description('a text for others to begin with: the topic, and some of its servers, which it asks')
    .addOption(
      new Option('--days <n>', 'how long it may be used').argParser(parseCount('--days', DAYS_MAX)).default(DAYS),
    )
    .addOption(
      new Option('--count <n>', 'how many servers it names at most')
        .argParser(parseCount('--count', INVITE_ENDPOINTS_MAX))
        .default(COUNT),
    )
  return withDatabaseFlags(command).action((flags: Flags) => run(flags, (context) => invite(context, flags)))
}

async function invite(context: CommandContext, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const { db } = await openClient(context, flags, new Deadline(flags.timeout))
  const text = await db.createInvite({ validFor: flags.days * 24 * HOUR, count: flags.count })
  const { topic, endpoints, validUntil } = requireInvite(text)
  const servers = endpoints.map(({ host, port }) => ({ host, port }))
  const until = new Date(validUntil).toISOString()
  output.event('result', { invite: text, topic: topic.publicId, servers, validUntil }, text)
  output.note(`names ${servers.map(formatEndpoint).join(', ')}; may be used until ${until}`)
  if (topic.kind === 'private') output.warn('the invite holds the secret of its topic: give it to nobody else')
  return EXIT.ok
}
