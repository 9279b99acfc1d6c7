/** `shoal export FILE`: everything that a store holds, each record with its signature, also while a server has it open. */

import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { exportRecords, importRecords } from '@shoal/tool-db'
import { Command } from 'commander'
import { CommandError, EXIT, type ExitCode } from '../exit.ts'
import type { CommandContext, Run } from '../lifecycle.ts'
import { type OutputFlags, withOutputFlags } from '../options.ts'
import { exportThrough } from '../store-door.ts'
import { openStoreFor, type StoreFlags, withStoreFlags } from '../store-flags.ts'

type Flags = StoreFlags & OutputFlags

export function exportCommand(run: Run): Command {
  const command = new Command('export')
    .description('everything that a store holds, into a file that can be checked; also while a server has it open')
    .argument('<file>', 'must not be there yet')
  return withOutputFlags(withStoreFlags(command)).action((file: string, flags: Flags) =>
    run(flags, (context) => exportTo(context, file, flags)),
  )
}

async function exportTo(context: CommandContext, file: string, flags: Flags): Promise<ExitCode> {
  const { output } = context
  if (existsSync(file)) throw new CommandError(`${file} is there already: choose another name`)
  const { store, directory, topic } = await openStoreFor(context, flags)
  const chunks = store === undefined ? exportThrough(directory) : exportRecords({ store, topic, now: Date.now() })
  output.progress(`exporting ${directory}`)
  // Under its own name only once it is whole.
  const draft = `${file}.part`
  context.onClose(() => rm(draft, { force: true }))
  const written = { bytes: 0 }
  const { records, complete, ...told } = await importRecords(copied(chunks, draft, written), async () => ({
    kind: 'stored',
  }))
  output.progress()
  if (!complete) throw new CommandError('the export was cut off before its end: run it again')
  await rename(draft, file)
  output.event(
    'result',
    { file, records, bytes: written.bytes, topic: told.topic },
    `${records} records in ${file} (${written.bytes} bytes)`,
  )
  return EXIT.ok
}

/** Passes on what it has written to the file. */
async function* copied(
  chunks: AsyncIterable<Uint8Array | string>,
  file: string,
  written: { bytes: number },
): AsyncGenerator<Uint8Array> {
  const stream = createWriteStream(file, { flush: true })
  const failed = new Promise<never>((_resolve, reject) => stream.once('error', reject))
  failed.catch(() => undefined)
  for await (const chunk of chunks) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    written.bytes += bytes.length
    if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), failed])
    yield bytes
  }
  stream.end()
  await Promise.race([finished(stream), failed])
}
