/** Which store `export` and `import` are about: its directory, or that of a topic. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LevelDbStore, StoreError } from '@shoal/tool-db'
import type { Command } from 'commander'
import { storeDirectoryOf } from './data-folder.ts'
import { CommandError, usageMistake } from './exit.ts'
import type { CommandContext } from './lifecycle.ts'
import { topicFileOption } from './topic-file.ts'
import { soughtBy, type TopicFlags } from './topic-flags.ts'

export interface StoreFlags extends TopicFlags {
  readonly store?: string
}

export function withStoreFlags(command: Command): Command {
  return command
    .option('--topic <name>', 'the topic of the store')
    .addOption(topicFileOption())
    .option('--invite <text>', 'an invite to the topic, in place of its name')
    .option('--store <dir>', 'the directory of the store (default: where shoal serve keeps that of the topic)')
}

export function storePlaceOf(flags: StoreFlags): string {
  if (flags.store === 'memory') throw usageMistake('--store memory keeps nothing: give the directory of a store')
  return flags.store ?? storeDirectoryOf(soughtBy(flags).topic)
}

export interface FoundStore {
  readonly directory: string
  /** `undefined` where a server has it open. */
  readonly store: LevelDbStore | undefined
  /** The public id of its topic, where that was said. */
  readonly topic: string | undefined
}

/** The store is closed when the command ends. */
export async function openStoreFor(context: CommandContext, flags: StoreFlags): Promise<FoundStore> {
  const directory = storePlaceOf(flags)
  const isSaid = flags.topic !== undefined || flags.invite !== undefined
  const topic = isSaid ? soughtBy(flags).topic.publicId : undefined
  try {
    const store = await existingStore(directory)
    context.onClose(() => store.close())
    return { directory, store, topic }
  } catch (error) {
    if (isInUse(error)) return { directory, store: undefined, topic }
    throw error
  }
}

/** Opens no store that is not there: that would make one. */
export async function existingStore(directory: string): Promise<LevelDbStore> {
  if (!existsSync(join(directory, 'CURRENT'))) {
    throw new CommandError(`there is no store in ${directory}: name another directory with --store`)
  }
  const store = new LevelDbStore(directory)
  await store.ready
  return store
}

export function isInUse(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'SHOAL_STORE_IN_USE'
}
