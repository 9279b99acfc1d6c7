/** `shoal import FILE|DIR`: what an export, or another store, tool-db's among them, holds; each record is verified first. */

import { createReadStream, statSync } from 'node:fs'
import type { Topic } from '@shoal/peer'
import { exportRecords, type ImportOutcome, ToolDb } from '@shoal/tool-db'
import { Command } from 'commander'
import { CommandError, EXIT, type ExitCode, usageMistake } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { acceptTopicOption, type OutputFlags, withOutputFlags } from '../options.ts'
import { importThrough } from '../store-door.ts'
import { existingStore, isInUse, type StoreFlags, storePlaceOf, withStoreFlags } from '../store-flags.ts'
import { soughtBy } from '../topic-flags.ts'

type Flags = StoreFlags & OutputFlags & { readonly acceptTopic: readonly Topic[] }

export function importCommand(run: Run): Command {
  const command = new Command('import')
    .description('takes in what an export or another store holds, verified record by record')
    .argument('<source>', 'a file of shoal export, or the directory of a store, also of tool-db 2.x')
    .addOption(acceptTopicOption())
  return withOutputFlags(withStoreFlags(command)).action((source: string, flags: Flags) =>
    run(flags, (context) => importFrom(context, source, flags)),
  )
}

async function importFrom(context: CommandContext, source: string, flags: Flags): Promise<ExitCode> {
  const { output } = context
  const { topic } = soughtBy(flags)
  const directory = storePlaceOf(flags)
  const chunks = await chunksOf(context, source)
  output.progress(`importing ${source}`)
  const outcome = await taken({ context, directory, topic, chunks, acceptTopics: flags.acceptTopic })
  output.progress()
  tell(context, source, outcome)
  return EXIT.ok
}

async function chunksOf(context: CommandContext, source: string): Promise<AsyncIterable<Uint8Array | string>> {
  const stat = statSync(source, { throwIfNoEntry: false })
  if (stat === undefined)
    throw new CommandError(`${source} is not there: give a file of shoal export, or a store's directory`)
  if (!stat.isDirectory()) return createReadStream(source)
  const store = await existingStore(source)
  context.onClose(() => store.close())
  return exportRecords({ store, topic: undefined, now: Date.now() })
}

interface Taking {
  readonly context: CommandContext
  readonly directory: string
  readonly topic: Topic
  readonly chunks: AsyncIterable<Uint8Array | string>
  readonly acceptTopics: readonly Topic[]
}

async function taken({ context, directory, topic, chunks, acceptTopics }: Taking): Promise<ImportOutcome> {
  const db = new ToolDb({ topic, storageName: directory, acceptTopics })
  context.onClose(() => db.close())
  try {
    await db.ready
  } catch (error) {
    if (!isInUse(error)) throw error
    if (acceptTopics.length > 0) {
      throw usageMistake('--accept-topic is for the server to say while it runs: start shoal serve with it')
    }
    return importThrough(directory, chunks)
  }
  return db.importRecords(chunks)
}

function tell({ output }: CommandContext, source: string, outcome: ImportOutcome): void {
  const { records, stored, held, refused, damaged, complete, topic } = outcome
  const codes = Object.entries(refused).map(([code, count]) => `${count} refused (${code})`)
  const line = [`${records} records: ${stored} stored`, `${held} held already`, ...codes].join(', ')
  output.event('result', { source, records, stored, held, refused, damaged, complete, topic }, line)
  if ((refused['InvalidBinding'] ?? 0) > 0) {
    const which = topic === null ? 'NAME' : JSON.stringify(topic)
    output.warn(`records that are bound to another topic were refused: to take them give --accept-topic ${which}`)
  }
  if (complete && damaged === 0) return
  throw new CommandError(
    `${source} is ${complete ? '' : 'cut or '}damaged (${damaged} lines are no records): what holds of it was imported, get the rest from another copy`,
  )
}
